"""Jira: issues of versions 2 and 3 with comments, properties of issues and comments, transitions, search by JQL, own
rights.

As there: version 3 takes texts as documents (ADF) alone; there are no keys for repeats; the index of search lags."""

import json
import re
import time

from vendor import Refused, Vendor

PRIORITIES = {name: str(number) for number, name in enumerate(("Highest", "High", "Medium", "Low", "Lowest"), 1)}
TRANSITIONS = {"21": "In Progress", "31": "Done"}
WORDS = {
    401: "Client must be authenticated to access this resource.",
    403: "You do not have permission to do this.",
    404: "Issue does not exist or you do not have permission to see it.",
    429: "Rate limit exceeded.",
}
ME = {"accountId": "acc-1", "displayName": "Ops Pilot", "emailAddress": "opspilot@pilot.test", "active": True}


class Own(Vendor):
    def __init__(self, world):
        super().__init__(world)
        self.rights = {
            "permissions": {
                "BROWSE_PROJECTS": True,
                "ADD_COMMENTS": True,
                "EDIT_ISSUES": True,
                "CREATE_ISSUES": True,
                "DELETE_OWN_COMMENTS": True,
                "DELETE_ISSUES": True,
                "ADMINISTER": False,
            }
        }

    def knows(self, call):
        bearer, (_, password) = call.credentials()
        return self.world.token in (bearer, password)

    def refusal(self, status, text=None, key=None):
        body = {
            "errorMessages": [] if key else [text or WORDS.get(status, "error")],
            "errors": {key: text} if key else {},
        }
        return Refused(status, body, {"Retry-After": "2", "X-RateLimit-Reset": self.now()} if status == 429 else {})

    def answer(self, call):
        if call.parts[:3] not in (["rest", "api", "3"], ["rest", "api", "2"]):
            raise self.refusal(404)
        self.is_third, self.base = call.parts[2] == "3", f"http://127.0.0.1:{self.world.port}/jira"
        parts = call.parts[3:]
        if parts == ["myself"]:
            return 200, ME
        if parts == ["mypermissions"]:
            asked = call.query.get("permissions", "").split(",")
            have = self.rights["permissions"]
            return 200, {
                "permissions": {name: {"key": name, "havePermission": have.get(name, False)} for name in asked}
            }
        if parts[:1] == ["priority"]:
            all_of_them = [{"id": number, "name": name} for name, number in PRIORITIES.items()]
            return 200, {"values": all_of_them, "total": 5, "isLast": True} if "search" in parts else all_of_them
        if parts == ["issue", "bulkfetch"] and call.method == "POST":
            wanted = call.body["issueIdsOrKeys"]
            found = [one for one in self.table("issues").values() if one["id"] in wanted or one["key"] in wanted]
            return 200, {"issues": [self.view(one, call.body.get("properties") or []) for one in found]}
        if parts == ["issue"] and call.method == "POST":
            return self.create(dict(call.body.get("fields") or {}), call.body.get("properties") or [])
        if parts[:1] == ["search"]:
            return self.search(call.query.get("jql") or call.body.get("jql", ""))
        if parts[:1] == ["issue"] and len(parts) >= 2:
            issues = self.table("issues")
            issue = issues.get(parts[1]) or next((one for one in issues.values() if one["id"] == parts[1]), None)
            if not issue:
                raise self.refusal(404)
            return self.one(issue, parts, call)
        raise self.refusal(404, "Not found")

    def document(self, given, field, words):
        is_document = isinstance(given, dict) and given.get("type") == "doc" and given.get("version") == 1
        if self.is_third and given is not None and not is_document:
            raise self.refusal(400, words, field)
        return given

    def put(self, issue, fields):
        fields = dict(fields)
        if fields.get("priority", ...) is None:
            # None is one where the project does not demand one.
            pass
        elif "priority" in fields:
            wanted = fields["priority"]
            name = wanted.get("name") or next(
                (n for n, number in PRIORITIES.items() if number == str(wanted.get("id"))), None
            )
            if name not in PRIORITIES:
                raise self.refusal(400, "The priority selected is invalid.", "priority")
            fields["priority"] = {"name": name, "id": PRIORITIES[name]}
        self.document(
            fields.get("description"),
            "description",
            "Operation value must be an Atlassian Document (see the Atlassian Document Format)",
        )
        issue["fields"].update(fields)
        issue["fields"]["updated"] = self.now()

    def create(self, fields, properties):
        for name in ("project", "issuetype", "summary"):
            if not fields.get(name):
                raise self.refusal(400, f"{name} is required", name)
        if "\n" in fields["summary"] or len(fields["summary"]) > 255:
            raise self.refusal(
                400, "The summary is invalid because it contains newline characters or is longer than 255.", "summary"
            )
        parent = (fields.get("parent") or {}).get("key")
        if parent and parent not in self.table("issues"):
            raise self.refusal(400, "Could not find issue by id or key.", "parent")
        which = str(self.new_id())
        key = f"{fields['project'].get('key', 'OPS')}-{which}"
        issue = {
            "id": which,
            "key": key,
            "self": f"{self.base}/rest/api/3/issue/{which}",
            "comments": [],
            "made_at": time.time(),
            "fields": {"priority": {"name": "Medium", "id": "3"}, "status": {"name": "To Do"}, "created": self.now()},
            "properties": {one["key"]: one["value"] for one in properties},
        }
        self.put(issue, fields)
        self.table("issues")[key] = issue
        return 201, {"id": which, "key": key, "self": issue["self"]}

    def search(self, jql):
        wanted = re.search(r"(?:text|summary)\s*~\s*\"?([^\"]+?)\"?(?:\s+(?:and|order)\b|$)", jql, re.I)
        parent = re.search(r"parent\s*=\s*\"?([\w-]+)\"?", jql, re.I)
        found = [one for one in self.table("issues").values() if self.is_indexed(one["made_at"])]
        if wanted:
            found = [one for one in found if wanted[1].strip('\\"').lower() in json.dumps(one["fields"]).lower()]
        if parent:
            found = [one for one in found if (one["fields"].get("parent") or {}).get("key") == parent[1]]
        return 200, {
            "issues": [{name: one[name] for name in ("id", "key", "self", "fields")} for one in found],
            "isLast": True,
        }

    def one(self, issue, parts, call):
        if len(parts) == 2:
            return self.itself(issue, call)
        if parts[2] == "comment":
            return self.comments(issue, parts[3:], call)
        if parts[2] == "properties" and len(parts) == 4:
            return self.properties(issue["properties"], parts[3], call)
        if parts[2] == "transitions" and call.method == "GET":
            return 200, {"transitions": [{"id": number, "name": name} for number, name in TRANSITIONS.items()]}
        if parts[2] == "transitions" and call.method == "POST":
            name = TRANSITIONS.get(str((call.body.get("transition") or {}).get("id")))
            if not name:
                raise self.refusal(
                    400, "It seems that you have tried to perform a workflow operation that is not valid."
                )
            issue["fields"]["status"] = {"name": name}
            return 204, None
        raise self.refusal(404, "Not found")

    def itself(self, issue, call):
        if call.method == "GET":
            return 200, self.view(issue, call.query.get("properties", "").split(","))
        if call.method == "PUT":
            self.put(issue, call.body.get("fields") or {})
            return 204, None
        if call.method == "DELETE" and self.subtasks(issue) and call.query.get("deleteSubtasks") != "true":
            raise self.refusal(400, "The issue has subtasks, and you must specify that they are deleted too.")
        if call.method == "DELETE":
            self.table("issues").pop(issue["key"])
            return 204, None
        raise self.refusal(405)

    def subtasks(self, issue):
        return [
            {"id": one["id"], "key": one["key"], "fields": {"summary": one["fields"]["summary"]}}
            for one in self.table("issues").values()
            if (one["fields"].get("parent") or {}).get("key") == issue["key"]
        ]

    def view(self, issue, properties):
        fields = {
            **issue["fields"],
            "subtasks": self.subtasks(issue),
            "comment": {"comments": issue["comments"], "total": len(issue["comments"])},
        }
        shown = {name: value for name, value in issue["properties"].items() if name in properties}
        return {**{name: issue[name] for name in ("id", "key", "self")}, "fields": fields, "properties": shown}

    def comments(self, issue, rest, call):
        if not rest and call.method == "GET":
            start, most = int(call.query.get("startAt") or 0), min(int(call.query.get("maxResults") or 50), 100)
            found = issue["comments"][::-1] if call.query.get("orderBy") == "-created" else issue["comments"]
            return 200, {
                "comments": found[start : start + most],
                "total": len(found),
                "startAt": start,
                "maxResults": most,
            }
        if not rest and call.method == "POST":
            body = self.document(call.body.get("body"), "comment", "Comment body is not valid!")
            internal = any(
                one.get("key") == "sd.public.comment" and (one.get("value") or {}).get("internal")
                for one in call.body.get("properties") or []
            )
            more = {name: call.body[name] for name in ("visibility", "properties") if name in call.body}
            comment = {
                "id": str(self.new_id()),
                "body": body,
                "author": {"accountId": "acc-1"},
                "created": self.now(),
                "updated": self.now(),
                **more,
                "jsdPublic": not internal,
            }
            issue["comments"].append(comment)
            return 201, comment
        comment = next((one for one in issue["comments"] if rest and one["id"] == rest[0]), None)
        if not comment:
            raise self.refusal(404, f"Can not find a comment for the id: {rest[0] if rest else ''}.")
        if call.method == "GET":
            return 200, comment
        if call.method == "PUT":
            comment.update(
                body=self.document(call.body.get("body"), "comment", "Comment body is not valid!"), updated=self.now()
            )
            return 200, comment
        if call.method == "DELETE":
            issue["comments"].remove(comment)
            return 204, None
        raise self.refusal(405)

    def properties(self, kept, name, call):
        if call.method == "PUT":
            is_new = name not in kept
            kept[name] = call.body
            return (201 if is_new else 200), None
        if name not in kept:
            raise self.refusal(404, "The property does not exist.")
        if call.method == "GET":
            return 200, {"key": name, "value": kept[name]}
        del kept[name]
        return 204, None
