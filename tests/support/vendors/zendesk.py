"""Zendesk: tickets of version 2 with their comments (`public: false` is a private note), search, deletion and restoring.

As there: the creation of a ticket takes an `Idempotency-Key`; `safe_update` refuses a change upon another one; the
index of search lags."""

import html
import json
import re
import time

from vendor import Refused, Vendor

PRIORITIES = ("urgent", "high", "normal", "low")
STATES = ("new", "open", "pending", "hold", "solved", "closed")
ERRORS = {
    401: "Couldn't authenticate you",
    403: {
        "title": "Forbidden",
        "message": "You do not have access to this page. Please contact the account owner of this help desk for further help.",
    },
    404: "RecordNotFound",
    409: "UpdateConflict",
    422: "RecordInvalid",
    429: "APIRateLimitExceeded",
}


class Own(Vendor):
    def __init__(self, world):
        super().__init__(world)
        self.rights = {
            "role": "agent",
            "only_private_comments": False,
            "scopes": ["tickets:read", "tickets:write", "users:read"],
        }

    def knows(self, call):
        bearer, (user, password) = call.credentials()
        return bearer == self.world.token or (user.endswith("/token") and password == self.world.token)

    def is_login(self, call):
        # Asked who he is, a stranger is told that he is a visitor.
        return call.parts == ["api", "v2", "users", "me.json"] and not self.knows(call)

    def refusal(self, status, text=None, key=None):
        name = ERRORS.get(status, "InternalError")
        body = {"error": name, "description": text or (name if isinstance(name, str) else name["message"])}
        if key:
            body["details"] = {key: [{"description": text, "error": "InvalidValue"}]}
        return Refused(
            status,
            body,
            {"Retry-After": "2", "x-rate-limit": "700", "x-rate-limit-remaining": "0"} if status == 429 else {},
        )

    def answer(self, call):
        if call.parts[:2] != ["api", "v2"]:
            raise self.refusal(404)
        parts = [part.removesuffix(".json") for part in call.parts[2:]]
        tickets = self.table("tickets")
        if parts == ["users", "me"] and not self.knows(call):
            return 200, {
                "user": {"id": None, "name": "Anonymous user", "email": "invalid@example.com", "role": "end-user"}
            }
        if parts == ["users", "me"]:
            user = {"id": 1, "name": "Ops Pilot", "email": "opspilot@pilot.test", "role": self.rights["role"]}
            user["only_private_comments"] = self.rights["only_private_comments"]
            return 200, {"user": user}
        if parts == ["oauth", "tokens", "current"]:
            return 200, {"token": {"id": 1, "user_id": 1, "scopes": self.rights["scopes"]}}
        if parts == ["tickets"] and call.method == "POST":
            return self.create(call)
        if parts == ["tickets"] and call.method == "GET":
            name = call.query.get("external_id")
            found = [self.view(one) for one in tickets.values() if name in (None, one.get("external_id"))]
            return 200, {"tickets": found, "next_page": None, "count": len(found)}
        if parts == ["search"] and call.method == "GET":
            return self.search(call.query.get("query", ""))
        if parts[:1] == ["deleted_tickets"] and parts[-1] == "restore" and call.method == "PUT":
            gone = self.table("deleted")
            if parts[1] not in gone:
                raise self.refusal(404, "Not found")
            tickets[parts[1]] = gone.pop(parts[1])
            return 200, {}
        if parts[:1] == ["tickets"] and len(parts) > 1:
            ticket = tickets.get(parts[1])
            if not ticket:
                raise self.refusal(404, "Not found")
            return self.one(ticket, parts, call)
        raise self.refusal(404)

    def view(self, ticket):
        return {name: value for name, value in ticket.items() if name not in ("comments", "made_at")}

    def judge(self, fields):
        if fields.get("priority") not in (None, *PRIORITIES):
            raise self.refusal(422, "Priority: is not included in the list", "priority")
        if fields.get("status") not in (None, *STATES):
            raise self.refusal(422, "Status: is not included in the list", "status")

    def comment(self, ticket, given):
        markup = given.get("html_body") or html.escape(given.get("body") or "").replace("\n", "<br>")
        # What an agent writes is filled in and put into a block of its own.
        markup = re.sub(r"{{\s*ticket\.id\s*}}", str(ticket["id"]), markup)
        text = self.plain(markup)
        comment = {
            "id": self.new_id(),
            "type": "Comment",
            "body": text,
            "html_body": f'<div class="zd-comment" dir="auto">{markup}<br></div>',
            "plain_body": text,
            "public": given.get("public", True),
            "author_id": 1,
            "created_at": self.now(),
        }
        ticket["comments"].append(comment)
        return comment

    def plain(self, markup):
        return html.unescape(re.sub(r"<[^>]*>", "", re.sub(r"<br ?/?>|</p>", "\n", markup))).strip()

    def audit(self, ticket, events):
        return {
            "id": self.new_id(),
            "ticket_id": ticket["id"],
            "created_at": self.now(),
            "author_id": 1,
            "events": events,
        }

    def create(self, call):
        key, print_of_it = call.headers.get("Idempotency-Key"), json.dumps(call.body, sort_keys=True)
        known = self.table("keys").get(key) if key else None
        if known and known["print"] != print_of_it:
            words = "Request parameters do not match the parameters of the first request with this key"
            raise Refused(400, {"error": "IdempotentRequestError", "description": words})
        if known:
            ticket = self.table("tickets")[known["id"]]
            return 201, {"ticket": self.view(ticket), "audit": self.audit(ticket, [])}, {"x-idempotency-lookup": "hit"}
        fields = dict(call.body.get("ticket") or {})
        self.judge(fields)
        first = fields.pop("comment", None) or {"body": fields.get("description")}
        if not (first.get("body") or first.get("html_body")):
            raise self.refusal(422, "Description: cannot be blank", "base")
        which = self.new_id()
        ticket = {
            "id": which,
            "url": f"/api/v2/tickets/{which}.json",
            "status": "new",
            "priority": None,
            "type": None,
            "tags": [],
            "subject": "",
            "description": first.get("body"),
            **fields,
            "created_at": self.now(),
            "updated_at": self.now(),
            "made_at": time.time(),
            "comments": [],
        }
        self.table("tickets")[str(which)] = ticket
        self.comment(ticket, first)
        if key:
            self.table("keys")[key] = {"print": print_of_it, "id": str(which)}
        body = {"ticket": self.view(ticket), "audit": self.audit(ticket, [{"id": self.new_id(), "type": "Create"}])}
        return 201, body, {"x-idempotency-lookup": "miss"} if key else {}

    def search(self, query):
        words = [word.lower() for word in query.split() if ":" not in word]
        found = [one for one in self.table("tickets").values() if self.is_indexed(one["made_at"])]
        found = [self.view(one) for one in found if all(word in json.dumps(one).lower() for word in words)]
        return 200, {"results": found, "count": len(found), "next_page": None}

    def one(self, ticket, parts, call):
        if len(parts) == 2 and call.method == "GET":
            return 200, {"ticket": self.view(ticket)}
        if len(parts) == 2 and call.method == "PUT":
            return self.change(ticket, dict(call.body.get("ticket") or {}))
        if len(parts) == 2 and call.method == "DELETE":
            self.table("deleted")[parts[1]] = self.table("tickets").pop(parts[1])
            return 204, None
        if parts[2:] == ["comments"] and call.method == "GET":
            return self.comments(ticket, call)
        if parts[2] == "comments" and parts[-1] in ("make_private", "redact") and call.method == "PUT":
            comment = next((one for one in ticket["comments"] if str(one["id"]) == parts[3]), None)
            if not comment:
                raise self.refusal(404, "Not found")
            if parts[-1] == "make_private":
                comment["public"] = False
                return 200, {}
            text = call.body.get("text", "")
            comment["body"] = comment["plain_body"] = comment["body"].replace(text, "▇" * len(text))
            markup = html.escape(comment["body"]).replace("\n", "<br>")
            comment["html_body"] = f'<div class="zd-comment" dir="auto">{markup}</div>'
            return 200, {"comment": comment}
        raise self.refusal(404, "Not found")

    def comments(self, ticket, call):
        found = list(ticket["comments"])
        if call.query.get("sort_order") == "desc" or call.query.get("sort", "").startswith("-"):
            found.reverse()
        size = min(int(call.query.get("page[size]") or call.query.get("per_page") or 100), 100)
        if "page[size]" in call.query:
            start = int(call.query.get("page[after]") or 0)
            meta = {"has_more": start + size < len(found), "after_cursor": str(start + size), "before_cursor": None}
            return 200, {"comments": found[start : start + size], "meta": meta, "links": {"next": None, "prev": None}}
        start = (int(call.query.get("page") or 1) - 1) * size
        following = (
            f"/api/v2/tickets/{ticket['id']}/comments.json?page={start // size + 2}"
            if start + size < len(found)
            else None
        )
        return 200, {
            "comments": found[start : start + size],
            "count": len(found),
            "next_page": following,
            "previous_page": None,
        }

    def change(self, ticket, fields):
        self.judge(fields)
        if fields.pop("safe_update", False) and fields.pop("updated_stamp", None) != ticket["updated_at"]:
            raise self.refusal(
                409,
                "Safe Update prevented the update due to outdated ticket data. Please fetch the latest ticket data and try again.",
            )
        fields.pop("updated_stamp", None)
        if ticket["status"] == "closed":
            raise self.refusal(422, "Status: closed prevents ticket update", "status")
        comment = fields.pop("comment", None)
        events = [self.comment(ticket, comment)] if comment else []
        for name, value in fields.items():
            if ticket.get(name) != value:
                events.append(
                    {
                        "id": self.new_id(),
                        "type": "Change",
                        "field_name": name,
                        "value": value,
                        "previous_value": ticket.get(name),
                    }
                )
                ticket[name] = value
        ticket["updated_at"] = self.now()
        return 200, {"ticket": self.view(ticket), "audit": self.audit(ticket, events)}
