"""Salesforce: tokens by OAuth, records (create, read, change, delete, by external id), describe, a little SOQL,
composite requests. `rights`: {"scope": "api", "denied": ["Task.create", "Case.update", "Case.Priority"],
"permissions": {"PermissionsModifyAllData": true}}.

As there: too many requests are a 403; a deleted record is a 404; texts are trimmed and too long ones refused; a text
that is long cannot be asked for in SOQL; an upsert upon several records is a 300; a change `If-Unmodified-Since` is
refused with 412 after another one."""

import copy
import json
import re
import time
import urllib.parse
from email.utils import formatdate, parsedate_to_datetime

from vendor import Call, Refused, Vendor

PREFIX = {"Task": "00T", "Case": "500", "Lead": "00Q", "Contact": "003", "Account": "001", "Opportunity": "006"}
NEEDED = {
    "Lead": ["LastName", "Company"],
    "Contact": ["LastName"],
    "Account": ["Name"],
    "Opportunity": ["Name", "StageName", "CloseDate"],
}
# Fields: type, longest text or choices. A choice is `restricted` where others are refused.
SHARED = {
    "Id": ("id", None),
    "CreatedDate": ("datetime", None),
    "LastModifiedDate": ("datetime", None),
    "OwnerId": ("reference", None),
}
FIELDS = {
    "Task": {
        "Subject": ("combobox", 255),
        "Description": ("textarea", 32000),
        "Status": ("picklist", ["Not Started", "In Progress", "Completed"]),
        "Priority": ("picklist", ["High", "Normal", "Low"]),
        "ActivityDate": ("date", None),
        "WhatId": ("reference", None),
        "WhoId": ("reference", None),
        "OpsPilot_Key__c": ("string", 64),
        "Brief_Id__c": ("string", 64),
    },
    "Case": {
        "Subject": ("string", 255),
        "Priority": ("picklist", ["High", "Medium", "Low"]),
        "Description": ("textarea", 32000),
    },
    "Lead": {"LastName": ("string", 80), "Company": ("string", 255), "Rating": ("picklist", ["Hot", "Warm", "Cold"])},
    "Contact": {"LastName": ("string", 80), "Email": ("email", 80)},
    "Account": {"Name": ("string", 255)},
    "Opportunity": {
        "Name": ("string", 120),
        "StageName": ("string", 255),
        "CloseDate": ("date", None),
        "Urgency__c": ("picklist", ["High", "Low"]),
    },
}
EXTERNAL = ("OpsPilot_Key__c", "Brief_Id__c")
WORDS = {
    400: "INVALID_FIELD",
    401: "INVALID_SESSION_ID",
    403: "INSUFFICIENT_ACCESS",
    404: "NOT_FOUND",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "UNKNOWN_EXCEPTION",
    503: "SERVER_UNAVAILABLE",
}
TEXTS = {
    401: "Session expired or invalid",
    404: "The requested resource does not exist",
    429: "TotalRequests Limit exceeded.",
}


def long_id(short):
    """15 letters and digits, case-sensitive, with the three behind them that tell which are capitals."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
    chunks = (short[at : at + 5] for at in (0, 5, 10))
    return short + "".join(letters[sum(1 << n for n, c in enumerate(chunk) if c.isupper())] for chunk in chunks)


class Own(Vendor):
    def __init__(self, world):
        super().__init__(world)
        self.rights = {"scope": "api", "denied": [], "permissions": {}, "refresh_token": "refresh-1"}

    def stamps(self):
        """Now, for a record that was changed: one instant, told to the second and with the zone in Salesforce's form."""
        changed = int(time.time())
        return {
            "LastModifiedDate": time.strftime("%Y-%m-%dT%H:%M:%S.000+0000", time.gmtime(changed)),
            "changed": changed,
        }

    def is_login(self, call):
        return call.parts == ["services", "oauth2", "token"]

    def refusal(self, status, text=None, key=None, fields=None):
        code = key or WORDS.get(status, "UNKNOWN_EXCEPTION")
        error = {"message": text or TEXTS.get(status, code), "errorCode": code}
        if fields:
            error["fields"] = fields
        return Refused(403 if status == 429 else status, [error])

    def answer(self, call):
        if self.is_login(call):
            return self.sign_in(call.body)
        if call.parts[:2] != ["services", "data"]:
            raise self.refusal(404)
        used = {"Sforce-Limit-Info": "api-usage=18/5000"}
        if len(call.parts) == 2:
            return 200, [{"label": "Winter '25", "url": "/services/data/v62.0", "version": "62.0"}]
        status, body, *more = self.within(call.method, call.parts[3:], call)
        return status, body, {**used, **(more[0] if more else {})}

    def sign_in(self, body):
        grant = body.get("grant_type")
        good = {
            "client_credentials": body.get("client_secret") == "secret-1",
            "refresh_token": body.get("client_id") == "client-1"
            and body.get("refresh_token") == self.rights["refresh_token"],
        }
        if grant not in good:
            raise Refused(400, {"error": "unsupported_grant_type", "error_description": "grant type not supported"})
        if not good[grant]:
            wrong = {
                "client_credentials": ("invalid_client", "invalid client credentials"),
                "refresh_token": ("invalid_grant", "expired access/refresh token"),
            }[grant]
            raise Refused(400, {"error": wrong[0], "error_description": wrong[1]})
        base = f"http://127.0.0.1:{self.world.port}/salesforce"
        answer = {
            "access_token": self.world.token,
            "instance_url": base,
            "token_type": "Bearer",
            "signature": "x",
            "id": base + "/id/00D000000000001AAA/005000000000001AAA",
            "issued_at": str(int(time.time() * 1000)),
        }
        # With client credentials no scope is told by older releases; a refresh tells it always.
        return 200, {**answer, "scope": self.rights["scope"]}

    def within(self, method, parts, call):
        if parts == ["composite"] and method == "POST":
            return self.composite(call)
        if parts[:1] == ["query"] and method == "GET":
            return self.query(call.query.get("q", ""))
        if parts[:1] != ["sobjects"] or len(parts) < 2 or parts[1] not in PREFIX:
            raise self.refusal(404)
        kind, things = parts[1], self.table(parts[1])
        if len(parts) == 2 and method == "POST":
            return 201, {"id": self.create(kind, call.body), "success": True, "errors": []}
        if parts[2:] == ["describe"] and method == "GET":
            return 200, self.describe(kind)
        if len(parts) == 4:
            return self.by_key(kind, parts[2], parts[3], method, call)
        thing = next(
            (one for which, one in things.items() if len(parts) == 3 and parts[2] in (which, which[:15])), None
        )
        if not thing or thing["IsDeleted"]:
            deleted = "entity is deleted" if thing else None
            raise self.refusal(404, deleted, "ENTITY_IS_DELETED" if thing else None)
        return self.one(kind, thing, method, call)

    def one(self, kind, thing, method, call):
        changed = thing["changed"]
        if method == "GET":
            wanted = call.query["fields"].split(",") if "fields" in call.query else list(FIELDS[kind]) + list(SHARED)
            unknown = [name for name in wanted if name not in FIELDS[kind] and name not in SHARED]
            if unknown:
                raise self.refusal(400, f"No such column '{unknown[0]}' on entity '{kind}'", "INVALID_FIELD")
            url = f"/services/data/v62.0/sobjects/{kind}/{thing['Id']}"
            shown = {name: thing.get(name) for name in dict.fromkeys(wanted + ["Id"])}
            return (
                200,
                {"attributes": {"type": kind, "url": url}, **shown},
                {"Last-Modified": formatdate(changed, usegmt=True)},
            )
        if method == "PATCH":
            since = call.headers.get("If-Unmodified-Since")
            if since and changed > parsedate_to_datetime(since).timestamp():
                raise self.refusal(412, "The record was modified", "PRECONDITION_FAILED")
            self.change(kind, thing, call.body)
            return 204, None
        if method == "DELETE":
            self.allowed(f"{kind}.delete")
            thing["IsDeleted"] = True
            return 204, None
        raise self.refusal(405, "HTTP Method not allowed", "METHOD_NOT_ALLOWED")

    def by_key(self, kind, field, value, method, call):
        if field not in EXTERNAL or field not in FIELDS[kind]:
            raise self.refusal(404, "Provided external ID field does not exist or is not accessible: " + field)
        found = [
            one
            for one in self.table(kind).values()
            if not one["IsDeleted"] and str(one.get(field)).lower() == value.lower()
        ]
        if len(found) > 1:
            return 300, [f"/services/data/v62.0/sobjects/{kind}/{one['Id']}" for one in found]
        if method == "PATCH" and not found:
            return 201, {
                "id": self.create(kind, {**call.body, field: value}),
                "success": True,
                "errors": [],
                "created": True,
            }
        if method == "PATCH":
            self.change(kind, found[0], call.body)
            return 200, {"id": found[0]["Id"], "success": True, "errors": [], "created": False}
        if not found:
            raise self.refusal(404)
        return self.one(kind, found[0], method, call)

    def allowed(self, what):
        if what in self.rights["denied"]:
            raise self.refusal(403, "insufficient access rights on object id", "INSUFFICIENT_ACCESS_OR_READONLY")

    def judged(self, kind, fields):
        """The fields as they are kept."""
        kept = {}
        for name, value in fields.items():
            if (
                name in self.rights["denied"]
                or f"{kind}.{name}" in self.rights["denied"]
                or name not in {**FIELDS[kind], **SHARED}
            ):
                raise self.refusal(400, f"No such column '{name}' on sobject of type {kind}", "INVALID_FIELD")
            form, limit = {**FIELDS[kind], **SHARED}[name]
            if isinstance(value, str):
                value = value.strip().replace("\r\n", "\n") or None
            if isinstance(limit, int) and value is not None and len(value) > limit:
                raise self.refusal(
                    400, f"{name}: data value too large: (max length={limit})", "STRING_TOO_LONG", [name]
                )
            if form == "picklist" and value is not None and value not in limit:
                raise self.refusal(
                    400,
                    f"{name}: bad value for restricted picklist field: {value}",
                    "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
                    [name],
                )
            if name in ("WhatId", "WhoId") and value is not None:
                value = self.linked(name, value)
            kept[name] = value
        return kept

    def linked(self, name, value):
        """What a task hangs on, by its long id."""
        kinds = ("Contact", "Lead") if name == "WhoId" else ("Account", "Case", "Opportunity")
        for kind in kinds:
            for which, thing in self.table(kind).items():
                if value in (which, which[:15]) and not thing["IsDeleted"]:
                    return which
        raise self.refusal(400, f"{name}: id value of incorrect type: {value}", "MALFORMED_ID", [name])

    def create(self, kind, fields):
        self.allowed(f"{kind}.create")
        missing = [name for name in NEEDED.get(kind, []) if not fields.get(name)]
        if missing:
            raise self.refusal(
                400, f"Required fields are missing: [{', '.join(missing)}]", "REQUIRED_FIELD_MISSING", missing
            )
        kept = self.judged(kind, fields)
        which = long_id(PREFIX[kind] + f"{self.new_id():012d}")
        if kind == "Task":
            kept = {"Status": "Not Started", "Priority": "Normal", **kept}
        stamps = self.stamps()
        own = {"Id": which, "CreatedDate": stamps["LastModifiedDate"], "IsDeleted": False}
        self.table(kind)[which] = {**own, **kept, **stamps}
        return which

    def change(self, kind, thing, fields):
        self.allowed(f"{kind}.update")
        thing.update(self.judged(kind, fields), **self.stamps())

    def describe(self, kind):
        denied = self.rights["denied"]
        fields = []
        for name, (form, limit) in {**SHARED, **FIELDS[kind]}.items():
            if f"{kind}.{name}" in denied:
                continue
            writable = name in FIELDS[kind]
            choices = [{"value": one, "active": True} for one in limit] if isinstance(limit, list) else []
            fields.append(
                {
                    "name": name,
                    "type": form,
                    "length": limit if isinstance(limit, int) else 0,
                    "createable": writable,
                    "updateable": writable,
                    "filterable": form != "textarea",
                    "externalId": name in EXTERNAL,
                    "unique": False,
                    "idLookup": name in EXTERNAL,
                    "picklistValues": choices,
                    "restrictedPicklist": form == "picklist",
                }
            )
        ways = (("createable", "create"), ("updateable", "update"), ("deletable", "delete"))
        rights = {word: f"{kind}.{verb}" not in denied for word, verb in ways}
        return {"name": kind, "keyPrefix": PREFIX[kind], "queryable": True, **rights, "fields": fields}

    def query(self, text):
        form = r"\s*select\s+(.+?)\s+from\s+(\w+)(?:\s+where\s+(.+?))?(?:\s+order\s+by\s+\w+(?:\s+desc)?)?(?:\s+limit\s+(\d+))?\s*$"
        found = re.match(form, text, re.I | re.S)
        if not found:
            raise self.refusal(400, "unexpected token", "MALFORMED_QUERY")
        names, kind, where, limit = [name.strip() for name in found[1].split(",")], found[2], found[3], found[4]
        if kind == "UserPermissionAccess":
            return self.records(kind, [{name: self.rights["permissions"].get(name, False) for name in names}])
        if kind not in PREFIX:
            raise self.refusal(400, f"sObject type '{kind}' is not supported.", "INVALID_TYPE")
        tests = [
            self.condition(kind, one.strip())
            for one in re.split(r"\s+and\s+(?=\w+\s*(?:=|like))", where or "", flags=re.I)
            if one.strip()
        ]
        things = [one for one in self.table(kind).values() if not one["IsDeleted"] and all(test(one) for test in tests)]
        return self.records(kind, [{name: one.get(name) for name in names} for one in things][: int(limit or 2000)])

    def records(self, kind, rows):
        return 200, {
            "totalSize": len(rows),
            "done": True,
            "records": [{"attributes": {"type": kind}, **row} for row in rows],
        }

    def condition(self, kind, text):
        parts = re.fullmatch(r"(\w+)\s*(=|like)\s*'((?:[^'\\]|\\.)*)'", text, re.I | re.S)
        if not parts:
            raise self.refusal(400, "unexpected token: " + text, "MALFORMED_QUERY")
        name, way, value = parts[1], parts[2].lower(), re.sub(r"\\(.)", r"\1", parts[3])
        form = {**FIELDS[kind], **SHARED}.get(name, (None, None))[0]
        if form is None:
            raise self.refusal(400, f"No such column '{name}' on entity '{kind}'", "INVALID_FIELD")
        if form == "textarea":
            raise self.refusal(400, f"field '{name}' can not be filtered in a query call", "INVALID_FIELD")
        if way == "=" and form in ("reference", "id"):
            return lambda one: str(one.get(name) or "")[:15] == value[:15] and len(value) in (15, 18)
        # Texts are compared without regard to case.
        pattern = (
            "".join(".*" if c == "%" else "." if c == "_" else re.escape(c) for c in value)
            if way == "like"
            else re.escape(value)
        )
        return lambda one: re.fullmatch(pattern, str(one.get(name) or ""), re.I | re.S) is not None

    def composite(self, call):
        before, told, answers, failed = copy.deepcopy(self.tables), {}, [], False
        for part in call.body["compositeRequest"]:
            text = re.sub(r"@\{(\w+)\.(\w+)\}", lambda name: str(told[name[1]][name[2]]), json.dumps(part))
            part = json.loads(text)
            url = urllib.parse.urlsplit(part["url"])
            inner = Call(
                part["method"],
                [p for p in url.path.split("/") if p],
                dict(urllib.parse.parse_qsl(url.query)),
                b"",
                call.headers,
            )
            inner.body = part.get("body") or {}
            try:
                status, body, *_ = self.answer(inner)
            except Refused as refused:
                status, body = refused.status, refused.body
            told[part["referenceId"]] = body if isinstance(body, dict) else {}
            answers.append(
                {"body": body, "httpHeaders": {}, "httpStatusCode": status, "referenceId": part["referenceId"]}
            )
            failed = failed or status >= 400
            if failed and call.body.get("allOrNone"):
                break
        if failed and call.body.get("allOrNone"):
            self.tables = before
            halted = [{"errorCode": "PROCESSING_HALTED", "message": "The transaction was rolled back"}]
            for one in answers:
                if one["httpStatusCode"] < 400:
                    one.update(httpStatusCode=400, body=halted)
        return 200, {"compositeResponse": answers}
