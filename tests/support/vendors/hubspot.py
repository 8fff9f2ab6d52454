"""HubSpot's CRM: objects of version 3 (notes, tasks, contacts, companies, deals, tickets), their archive and search,
associations of version 4, and what a private app's token may. `rights`: {"scopes": [...]}; {"scopes": null} for a
token that cannot be asked about.

As there: notes and tasks need `hs_timestamp`; an association has a number of its own for each pair of kinds, and a
wrong one is refused; rich text comes back as another serialisation of the same; of a time milliseconds are kept, whatever
was sent; the index of search lags; what is archived is gone for reading."""

import datetime
import html
import re
import time
import uuid

from vendor import Refused, Vendor, shown

# From notes and tasks to records, https://developers.hubspot.com/docs/api-reference/crm-associations-v4/guide
TYPES = {
    ("notes", "contacts"): 202,
    ("notes", "companies"): 190,
    ("notes", "deals"): 214,
    ("notes", "tickets"): 228,
    ("tasks", "contacts"): 204,
    ("tasks", "companies"): 192,
    ("tasks", "deals"): 216,
    ("tasks", "tickets"): 230,
}
KINDS = ("notes", "tasks", "contacts", "companies", "deals", "tickets")
# In a path, the singular names them too.
SINGULAR = {
    "note": "notes",
    "task": "tasks",
    "contact": "contacts",
    "company": "companies",
    "deal": "deals",
    "ticket": "tickets",
}
NEEDED = {"notes": ["hs_timestamp"], "tasks": ["hs_timestamp"], "tickets": ["subject", "hs_pipeline_stage"]}
CHOICES = {
    "hs_ticket_priority": ("LOW", "MEDIUM", "HIGH", "URGENT", ""),
    "hs_task_priority": ("LOW", "MEDIUM", "HIGH", "NONE", ""),
    "hs_task_status": ("NOT_STARTED", "IN_PROGRESS", "WAITING", "COMPLETED", "DEFERRED"),
    "hs_priority": ("low", "medium", "high", ""),
}
RICH = {"notes": "hs_note_body", "tasks": "hs_task_body"}
SCOPES = ["oauth"] + [
    f"crm.objects.{kind}.{way}" for kind in ("companies", "contacts", "deals") for way in ("read", "write")
]
CATEGORY = {
    400: "VALIDATION_ERROR",
    401: "INVALID_AUTHENTICATION",
    403: "MISSING_SCOPES",
    404: "OBJECT_NOT_FOUND",
    409: "CONFLICT",
    429: "RATE_LIMITS",
}


def moment(value):
    """A time as HubSpot tells it, from milliseconds since 1970 or a date and time; None when it is none."""
    try:
        if re.fullmatch(r"\d+", str(value)):
            at = datetime.datetime.fromtimestamp(int(value) / 1000, datetime.timezone.utc)
        else:
            # Python before 3.11 reads three or six digits behind the second, and no Z.
            text = re.sub(r"\.(\d+)", lambda one: "." + one[1][:6].ljust(6, "0"), str(value))
            at = datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(datetime.timezone.utc)
    except ValueError:
        return None
    return at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond // 1000:03}Z"


class Own(Vendor):
    def __init__(self, world):
        super().__init__(world)
        self.rights = {"scopes": SCOPES}

    def refusal(self, status, text=None, key=None):
        category = key or CATEGORY.get(status, "INTERNAL_ERROR")
        body = {
            "status": "error",
            "message": text or category.lower(),
            "correlationId": str(uuid.uuid4()),
            "category": category,
        }
        if status == 429:
            body.update(
                errorType="RATE_LIMIT",
                policyName="TEN_SECONDLY_ROLLING",
                groupName="publicapi:private-apps:api-calls",
                message="You have reached your ten_secondly_rolling limit.",
            )
            return Refused(429, body, {"X-HubSpot-RateLimit-Remaining": "0", "X-HubSpot-RateLimit-Max": "100"})
        return Refused(status, body)

    def answer(self, call):
        method, parts = call.method, call.parts
        if parts == ["oauth", "v2", "private-apps", "get", "access-token-info"] and method == "POST":
            return self.token(call.body.get("tokenKey"))
        if parts == ["account-info", "v3", "details"] and method == "GET":
            return 200, {"portalId": 4711, "accountType": "STANDARD", "timeZone": "US/Eastern", "uiDomain": "app.hubspot.com"}
        if parts[:3] == ["crm", "v4", "objects"] and len(parts) in (7, 8, 9) and parts[5] == "associations":
            return self.associations(method, parts, call)
        if parts[:3] == ["crm", "v3", "properties"] and len(parts) == 5 and method == "GET":
            return self.definition(parts[4])
        kind = SINGULAR.get(parts[3], parts[3]) if len(parts) > 3 else ""
        if parts[:3] != ["crm", "v3", "objects"] or kind not in KINDS:
            raise self.refusal(404, "Unable to infer object type")
        rest = parts[4:]
        if not rest and method == "POST":
            return self.create(kind, call)
        if not rest and method == "GET":
            return 200, {
                "results": self.page([self.view(kind, thing, call.query) for thing in self.living(kind)], call)
            }
        if rest == ["search"] and method == "POST":
            return self.search(kind, call.body)
        if rest == ["batch", "read"] and method == "POST":
            return self.read_many(kind, call.body)
        if len(rest) == 1:
            return self.one(kind, rest[0], call)
        raise self.refusal(405, "method not allowed")

    def token(self, token):
        if token != self.world.token or self.rights["scopes"] is None:
            raise self.refusal(404, "no such private app token")
        return 200, {"userId": 7, "hubId": 4711, "appId": 42, "scopes": self.rights["scopes"]}

    def definition(self, name):
        if name.startswith("no_such"):
            raise self.refusal(404, f'Property "{name}" does not exist')
        options = [
            {"label": value.title(), "value": value, "hidden": False} for value in CHOICES.get(name, ()) if value
        ]
        return 200, {"name": name, "type": "enumeration" if options else "string", "options": options}

    def living(self, kind):
        return [thing for thing in self.table(kind).values() if not thing["archived"]]

    def found(self, kind, which, archived=False):
        thing = self.table(kind).get(str(which))
        if thing and thing.get("merged_into"):
            return self.found(kind, thing["merged_into"], archived)
        if not thing or thing["archived"] != archived:
            raise self.refusal(404, "resource not found")
        return thing

    def page(self, items, call):
        return items[: int(call.query.get("limit", 10))]

    def view(self, kind, thing, query):
        own = ["hs_object_id", "hs_createdate", "hs_lastmodifieddate"]
        wanted = query["properties"].split(",") if query.get("properties") else []
        told = {
            "id": thing["id"],
            "properties": {name: thing["properties"].get(name) for name in dict.fromkeys(wanted + own)},
            "createdAt": thing["createdAt"],
            "updatedAt": thing["updatedAt"],
            "archived": thing["archived"],
        }
        asked = [SINGULAR.get(other, other) for other in query.get("associations", "").split(",")]
        linked = {other: ids for other, ids in thing["associations"].items() if other in asked and ids}
        if linked:
            told["associations"] = {
                other: {"results": [{"id": one, "type": f"{kind[:-1]}_to_{other[:-1]}"} for one in ids]}
                for other, ids in linked.items()
            }
        return told

    def judge(self, kind, properties, is_new):
        missing = [name for name in NEEDED.get(kind, []) if is_new and not properties.get(name)]
        if missing:
            raise self.refusal(400, f"Some required properties were not set: {', '.join(missing)}")
        for name, value in properties.items():
            if name in CHOICES and value not in CHOICES[name]:
                wrong = f'[{{"isValid":false,"message":"{value} was not one of the allowed options","error":"INVALID_OPTION","name":"{name}"}}]'
                raise self.refusal(400, f"Property values were not valid: {wrong}")
            if not re.fullmatch(r"[a-z][a-z0-9_]*", name) or name.startswith("no_such"):
                raise self.refusal(400, f'Property "{name}" does not exist')
            if name == "hs_timestamp" and value and not moment(value):
                raise self.refusal(400, f"{value} is not a valid timestamp")
            if name in RICH.values() and len(value or "") > 65536:
                raise self.refusal(400, f"{name} is longer than 65536 characters")

    def kept(self, properties):
        """Rich text is parsed and written anew, times in milliseconds; everything is text."""

        def serialised(name, value):
            if name == "hs_timestamp" and value:
                return moment(value)
            if name not in RICH.values() or value is None:
                return "" if value is None else str(value)
            entities = re.sub(r"&(#39|#x27|apos|quot|#34);", lambda one: html.unescape(one[0]), str(value))
            return (
                '<div style="" dir="auto" data-top-level="true">' + re.sub(r"<br ?/?>", "<br />", entities) + "</div>"
            )

        return {name: serialised(name, value) for name, value in properties.items()}

    def create(self, kind, call):
        properties = call.body.get("properties") or {}
        self.judge(kind, properties, True)
        links = {}
        for link in call.body.get("associations") or []:
            to, numbers = str(link["to"]["id"]), [one["associationTypeId"] for one in link["types"]]
            other = next((o for (k, o), number in TYPES.items() if k == kind and numbers == [number]), None)
            if not other:
                raise self.refusal(400, f"the association type {numbers} is not one from {kind}")
            if to not in self.table(other) or self.table(other)[to]["archived"]:
                raise self.refusal(404, f"One or more associations are not valid: {other} {to} does not exist")
            links.setdefault(other, []).append(to)
        which, at = str(self.new_id()), self.now()
        own = {"hs_object_id": which, "hs_createdate": at, "hs_lastmodifieddate": at}
        self.table(kind)[which] = thing = {
            "id": which,
            "properties": {**self.kept(properties), **own},
            "createdAt": at,
            "updatedAt": at,
            "archived": False,
            "associations": links,
            "made_at": time.time(),
        }
        thing["shown"] = shown(thing["properties"].get(RICH.get(kind)))
        return 201, {**self.view(kind, thing, {}), "properties": thing["properties"]}

    def one(self, kind, which, call):
        if call.method == "DELETE":
            thing = self.table(kind).get(which)
            if thing:
                thing["archived"] = True
            return 204, None
        thing = self.found(kind, which, call.query.get("archived") == "true")
        if call.method == "PATCH":
            properties = call.body.get("properties") or {}
            self.judge(kind, properties, False)
            thing["properties"].update(self.kept(properties))
            thing["shown"] = shown(thing["properties"].get(RICH.get(kind)))
            thing["updatedAt"] = thing["properties"]["hs_lastmodifieddate"] = self.now()
            return 200, {**self.view(kind, thing, {}), "properties": thing["properties"]}
        if call.method == "GET":
            # What is empty is told as nothing.
            told = self.view(kind, thing, call.query)
            told["properties"] = {name: value if value != "" else None for name, value in told["properties"].items()}
            return 200, told
        raise self.refusal(405)

    def read_many(self, kind, body):
        inputs = body.get("inputs") or []
        if len(inputs) > 100:
            raise self.refusal(400, "more than 100 inputs")
        things = [self.table(kind).get(str(one["id"])) for one in inputs]
        found = [thing for thing in things if thing and not thing["archived"]]
        query = {"properties": ",".join(body.get("properties") or [])}
        answer = {
            "status": "COMPLETE",
            "results": [self.view(kind, thing, query) for thing in found],
            "startedAt": self.now(),
            "completedAt": self.now(),
        }
        if len(found) == len(inputs):
            return 200, answer
        lost = [str(one["id"]) for one, thing in zip(inputs, things) if thing not in found]
        error = {
            "status": "error",
            "category": "OBJECT_NOT_FOUND",
            "message": "Could not get some objects",
            "context": {"ids": lost},
        }
        return 207, {**answer, "numErrors": 1, "errors": [error]}

    def search(self, kind, body):
        def holds(thing, one):
            value, wanted = thing["properties"].get(one["propertyName"]), one.get("value")
            if one["propertyName"].startswith("associations."):
                other = SINGULAR[one["propertyName"].split(".")[1]]
                return str(wanted) in thing["associations"].get(other, [])
            words = re.findall(r"\w+", html.unescape(re.sub(r"<[^>]*>", " ", value or "")).lower())
            return {
                "EQ": lambda: value == wanted,
                "NEQ": lambda: value != wanted,
                "HAS_PROPERTY": lambda: value is not None,
                "CONTAINS_TOKEN": lambda: all(word in words for word in re.findall(r"\w+", str(wanted).lower())),
            }[one["operator"]]()

        groups = body.get("filterGroups") or [{"filters": []}]
        found = [
            thing
            for thing in self.living(kind)
            if self.is_indexed(thing["made_at"])
            and any(all(holds(thing, one) for one in group["filters"]) for group in groups)
        ]
        query = {"properties": ",".join(body.get("properties") or [])}
        return 200, {
            "total": len(found),
            "results": [self.view(kind, thing, query) for thing in found][: int(body.get("limit") or 10)],
        }

    def associations(self, method, parts, call):
        by_default = len(parts) == 9 and parts[6] == "default"
        kind, which, other = (SINGULAR.get(name, name) for name in (parts[3], parts[4], parts[7 if by_default else 6]))
        if len(parts) == 7 and method == "GET":
            self.found(kind, which)
            # What is archived may still be listed; whoever reads it finds it gone.
            things = self.table(other).values()
            linked = [thing["id"] for thing in things if which in thing["associations"].get(kind, [])]
            linked += [one for one in self.table(kind)[which]["associations"].get(other, [])]
            after, limit = int(call.query.get("after", 0)), int(call.query.get("limit", 500))
            page = linked[after : after + limit]
            number = next((n for pair, n in TYPES.items() if set(pair) == {kind, other}), 1)
            answer = {
                "results": [
                    {
                        "toObjectId": int(one),
                        "associationTypes": [{"category": "HUBSPOT_DEFINED", "typeId": number, "label": None}],
                    }
                    for one in page
                ]
            }
            if after + limit < len(linked):
                answer["paging"] = {"next": {"after": str(after + limit), "link": "?after="}}
            return 200, answer
        if (by_default or len(parts) == 8) and method in ("PUT", "DELETE"):
            ids, to = self.found(kind, which)["associations"].setdefault(other, []), parts[-1]
            self.found(other, to)
            if method == "DELETE":
                ids[:] = [one for one in ids if one != to]
                return 204, None
            if to not in ids:
                ids.append(to)
            return 200, {
                "fromObjectTypeId": kind,
                "fromObjectId": int(which),
                "toObjectTypeId": other,
                "toObjectId": int(to),
            }
        raise self.refusal(404)
