"""Freshdesk: tickets of version 2 with their conversation (`private: true` is a note for agents alone), and agents.

As there: a key stands as the user of basic authentication; priorities are numbers from 1 to 4; a note takes HTML and
gives it back as HTML and as text; what was deleted is gone from the conversation; nothing takes a key for repeats."""

import html
import re

from vendor import Refused, Vendor

WORDS = {
    401: ("invalid_credentials", "You have to be logged in to perform this action."),
    403: ("access_denied", "You are not authorized to perform this action."),
}


class Own(Vendor):
    def __init__(self, world):
        super().__init__(world)
        self.rights = {"type": "support_agent", "ticket_scope": 2, "admin": False}

    def knows(self, call):
        bearer, (user, _) = call.credentials()
        # The test's own people come with the bearer token.
        return self.world.token in (bearer, user)

    def refusal(self, status, text=None, key=None):
        if status in WORDS:
            code, message = WORDS[status]
            return Refused(status, {"code": code, "message": message})
        if status == 404:
            # Nothing, and that is no JSON.
            return Refused(404, None, {"Content-Type": "text/html; charset=utf-8"})
        if status == 429:
            limits = {"X-RateLimit-Total": "100", "X-RateLimit-Remaining": "0", "Retry-After": "5"}
            return Refused(429, {"message": "You have exceeded the limit of requests per hour"}, limits)
        if status == 400 and key:
            errors = [{"field": key, "message": text, "code": "invalid_value"}]
            return Refused(400, {"description": "Validation failed", "errors": errors})
        if status == 400:
            return Refused(400, {"code": "invalid_json", "message": "Request body has invalid json format"})
        return Refused(status, {"code": "error", "message": text or "We're sorry, but something went wrong."})

    def answer(self, call):
        if call.parts[:2] != ["api", "v2"]:
            raise self.refusal(404)
        parts, method = call.parts[2:], call.method
        tickets = self.table("tickets")
        if parts == ["agents", "me"] and method == "GET":
            contact = {"name": "Ops Pilot", "email": "opspilot@pilot.test", "active": True}
            rights = {name: self.rights[name] for name in ("type", "ticket_scope")}
            return 200, {"id": 1, "occasional": False, "available": True, "contact": contact, **rights}
        if parts == ["roles"] and method == "GET":
            if not self.rights["admin"]:
                raise self.refusal(403)
            return 200, [{"id": 1, "name": "Account Administrator"}]
        if parts == ["tickets"] and method == "POST":
            return self.create(call.body)
        if parts[:1] == ["conversations"] and len(parts) == 2:
            return self.entry(parts[1], call)
        if parts[:1] == ["tickets"] and len(parts) > 1:
            ticket = tickets.get(parts[1])
            if not ticket:
                raise self.refusal(404)
            return self.one(ticket, parts[2:], call)
        raise self.refusal(404)

    def judge(self, fields):
        if "priority" in fields and fields["priority"] not in (1, 2, 3, 4):
            raise self.refusal(400, "It should be one of these values: '1,2,3,4'", "priority")

    def create(self, fields):
        if not fields.get("email"):
            words = "Please fill at least 1 of requester_id, phone, email, twitter_id, facebook_id, unique_external_id"
            raise self.refusal(400, words, "requester_id")
        self.judge(fields)
        which = self.new_id()
        ticket = {
            "id": which,
            "subject": fields.get("subject", ""),
            "priority": fields.get("priority", 1),
            "status": fields.get("status", 2),
            "deleted": False,
            "spam": False,
            "created_at": self.now(),
            "updated_at": self.now(),
            "conversation": [],
        }
        self.table("tickets")[str(which)] = ticket
        return 201, self.view(ticket)

    def view(self, ticket):
        return {name: value for name, value in ticket.items() if name != "conversation"}

    def one(self, ticket, rest, call):
        if not rest and call.method == "GET":
            return 200, self.view(ticket)
        if not rest and call.method == "PUT":
            self.judge(call.body)
            ticket.update(call.body, updated_at=self.now())
            return 200, self.view(ticket)
        if not rest and call.method == "DELETE":
            ticket["deleted"] = True
            return 204, None
        if rest == ["conversations"] and call.method == "GET":
            size = min(int(call.query.get("per_page") or 30), 100)
            start = (int(call.query.get("page") or 1) - 1) * size
            return 200, ticket["conversation"][start : start + size]
        if rest in (["notes"], ["reply"]) and call.method == "POST":
            return self.write(ticket, call.body, is_note=rest == ["notes"])
        raise self.refusal(404)

    def write(self, ticket, given, is_note):
        if not isinstance(given.get("body"), str) or not given["body"]:
            raise self.refusal(400, "It should be a/an String", "body")
        entry = {
            "id": self.new_id(),
            "user_id": 1,
            "ticket_id": ticket["id"],
            "incoming": False,
            # A note that does not say otherwise is private; a reply never is.
            "private": bool(given.get("private", True)) if is_note else False,
            "source": 2 if is_note else 0,
            "to_emails": given.get("notify_emails") or [],
            "created_at": self.now(),
            "updated_at": self.now(),
            **self.words(given["body"]),
        }
        ticket["conversation"].append(entry)
        return 201, entry

    def words(self, body):
        text = re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>|</p>|</div>", "\n", body))
        return {"body": f"<div>{body}</div>", "body_text": html.unescape(text)}

    def entry(self, which, call):
        for ticket in self.table("tickets").values():
            entry = next((one for one in ticket["conversation"] if str(one["id"]) == which), None)
            if entry and call.method == "DELETE":
                ticket["conversation"].remove(entry)
                return 204, None
            if entry and call.method == "PUT":
                entry.update(self.words(call.body.get("body") or ""), updated_at=self.now())
                return 200, entry
        raise self.refusal(404)
