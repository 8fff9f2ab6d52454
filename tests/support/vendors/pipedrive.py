"""Pipedrive: notes of version 1; deals, persons, organizations and activities of version 2. `rights`: {"is_admin":
bool}.

As there: a note must hang on something; HTML is cleaned when it is kept; a deleted activity can still be read and
says so, a deleted note cannot; lists come in pages, and an empty one of version 1 is null; own fields of a deal have
40 letters and digits for a name and stand in `custom_fields`."""

import html
import re

from vendor import Refused, Vendor, shown

VERSION_ONE = ("notes", "users")
VERSION_TWO = ("deals", "persons", "organizations", "activities", "dealFields")
HOLDERS = ("lead_id", "deal_id", "person_id", "org_id", "project_id")
RICH = {"notes": "content", "activities": "note"}
WORDS = {401: "unauthorized access", 403: "Scope and URL mismatch", 404: "Not found", 429: "request over limit"}
# An own field of deals with the choices that it has.
PRIORITY = "0123456789abcdef0123456789abcdef01234567"
CHOICES = (11, 12, 13)


class Own(Vendor):
    def __init__(self, world):
        super().__init__(world)
        self.rights = {"is_admin": False}

    def knows(self, call):
        return self.world.token in (call.headers.get("x-api-token"), call.query.get("api_token"), call.credentials()[0])

    def refusal(self, status, text=None, key=None):
        body = {
            "success": False,
            "error": text or WORDS.get(status, "error"),
            "error_info": "see the reference",
            "data": None,
            "additional_data": None,
        }
        headers = {"x-ratelimit-limit": "20", "x-ratelimit-remaining": "0", "x-ratelimit-reset": "2"}
        return Refused(status, body, headers if status == 429 else {})

    def answer(self, call):
        parts = call.parts
        version = 1 if parts[:1] == ["v1"] or parts[:2] == ["api", "v1"] else 2 if parts[:2] == ["api", "v2"] else 0
        rest = parts[1:] if parts[:1] == ["v1"] else parts[2:]
        kind = rest[0] if rest else ""
        if kind not in (VERSION_ONE if version == 1 else VERSION_TWO if version == 2 else ()):
            raise self.refusal(404, "Unknown method .")
        if kind == "users":
            return self.users(rest)
        if kind == "dealFields":
            return self.field(rest[1:])
        things = self.table(kind)
        if len(rest) == 1 and call.method == "POST":
            return self.create(kind, version, call)
        if len(rest) == 1 and call.method == "GET":
            return self.list_of(kind, version, call)
        thing = things.get(rest[1]) if len(rest) == 2 else None
        if not thing or thing.get("active_flag") is False:
            raise self.refusal(404, f"{kind[:-1].capitalize()} not found")
        if call.method == "GET":
            return self.fine(thing)
        if call.method == ("PUT" if version == 1 else "PATCH"):
            own = call.body.get("custom_fields")
            changed = self.cleaned(kind, call.body)
            if own is not None:
                self.judge_own(own)
                changed["custom_fields"] = {**thing.get("custom_fields", {}), **own}
            thing.update(changed, update_time=self.now())
            return self.fine(thing)
        if call.method == "DELETE" and version == 1:
            thing["active_flag"] = False
            return self.fine(True)
        if call.method == "DELETE":
            thing["is_deleted"] = True
            return self.fine({"id": thing["id"]})
        raise self.refusal(405, "method not allowed")

    def fine(self, data, status=200, more=None):
        return status, {"success": True, "data": data, "additional_data": more}

    def users(self, rest):
        if rest != ["users", "me"]:
            raise self.refusal(404)
        admin = self.rights["is_admin"]
        access = [
            {"app": "sales", "admin": admin, "permission_set_id": "f5b3a1c0"},
            {"app": "global", "admin": admin, "permission_set_id": "a0"},
        ]
        return self.fine(
            {
                "id": 1,
                "name": "Ops Pilot",
                "email": "opspilot@pilot.test",
                "active_flag": True,
                "is_admin": int(admin),
                "company_id": 77,
                "company_name": "Pilot",
                "company_domain": "pilot",
                "access": access,
            }
        )

    def field(self, rest):
        if rest != [PRIORITY]:
            raise self.refusal(404, "Field not found")
        options = [{"id": which, "label": f"choice {which}", "color": None} for which in CHOICES]
        return self.fine(
            {
                "field_name": "Priority",
                "field_code": PRIORITY,
                "field_type": "enum",
                "options": options,
                "is_custom_field": True,
            }
        )

    def cleaned(self, kind, body):
        """As a cleaner of HTML would: entities that need none are written plainly, what is no text or known tag goes."""
        name = RICH.get(kind)
        if not name or body.get(name) is None:
            return dict(body)
        text = re.sub(r"<(?!/?(br|p|b|i|u|ul|ol|li|a|div|span|strong|em)\b)[^>]*>", "", body[name])
        text = re.sub(r"&(#39|#x27|apos|quot|#34);", lambda one: html.unescape(one[0]), text)
        text = re.sub(r"<br ?/?>", "<br />", text).strip()
        return {**body, name: text, "shown": shown(text)}

    def judge_own(self, own):
        for name, value in own.items():
            if name != PRIORITY:
                raise self.refusal(400, f"Validation failed: custom_fields: unknown field '{name}'")
            if value is not None and value not in CHOICES:
                raise self.refusal(400, f"Validation failed: custom_fields.{name}: invalid option")

    def create(self, kind, version, call):
        body = call.body
        if kind == "notes" and not body.get("content"):
            raise self.refusal(400, "Content is required")
        if kind == "notes" and not any(body.get(name) for name in HOLDERS):
            raise self.refusal(400, "One of the following fields is required: " + ", ".join(HOLDERS))
        if kind == "deals" and not body.get("title"):
            raise self.refusal(400, "Validation failed: title: Required")
        for name, other in (("deal_id", "deals"), ("person_id", "persons"), ("org_id", "organizations")):
            if kind == "activities" and name == "person_id" and name in body:
                raise self.refusal(
                    400, "'person_id' is a read-only field. Add a primary participant to set 'person_id' instead."
                )
            if body.get(name) and not self.is_there(other, body[name]):
                raise self.refusal(400 if version == 1 else 404, f"{other[:-1].capitalize()} not found")
        people = [one.get("person_id") for one in body.get("participants") or []]
        if any(not self.is_there("persons", one) for one in people):
            raise self.refusal(404, "Person not found")
        if "custom_fields" in body:
            self.judge_own(body["custom_fields"])
        which = self.new_id()
        thing = {"id": which, **self.cleaned(kind, body), "add_time": self.now(), "update_time": self.now()}
        if version == 1:
            thing["active_flag"] = True
        else:
            thing["is_deleted"] = False
        if kind == "deals":
            thing.setdefault("custom_fields", {PRIORITY: None})
        if kind == "activities":
            thing.setdefault("done", False)
            thing["person_id"] = people[0] if people else None
        self.table(kind)[str(which)] = thing
        return self.fine(thing, 201)

    def is_there(self, kind, which):
        thing = self.table(kind).get(str(which))
        return bool(thing) and not thing.get("is_deleted")

    def list_of(self, kind, version, call):
        def wanted(thing):
            if thing.get("is_deleted") or thing.get("active_flag") is False:
                return False
            return all(str(thing.get(name)) == call.query[name] for name in HOLDERS if name in call.query)

        found = [thing for thing in self.table(kind).values() if wanted(thing)]
        if call.query.get("sort_direction") == "desc" or "DESC" in call.query.get("sort", ""):
            found.reverse()
        limit = min(int(call.query.get("limit", 100)), 500)
        start = int(call.query.get("start" if version == 1 else "cursor") or 0)
        more = start + limit < len(found)
        if version == 1:
            page = {"pagination": {"start": start, "limit": limit, "more_items_in_collection": more}}
            if more:
                page["pagination"]["next_start"] = start + limit
        else:
            page = {"next_cursor": str(start + limit) if more else None}
        shown = found[start : start + limit]
        # Version 1 has no empty list.
        return self.fine(None if version == 1 and not shown else shown, more=page)
