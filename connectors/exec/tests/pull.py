# A program for the exec source as its handbook page describes one: it prints what stands in a file, one line an item, and keeps in
# mind what was committed, either by key (MODE=keys) or by the cursor the daemon keeps for it (MODE=cursor).
import json, os, select, sys

keys_file, items_file = "committed.txt", "items.jsonl"
by_cursor = os.environ.get("MODE") == "cursor"
hello = json.loads(sys.stdin.buffer.readline())["hello"]
if hello["check"]:
    print('{"ready":true}', flush=True)
    sys.exit(0)
committed = set()
if os.path.exists(keys_file):
    committed = set(open(keys_file).read().split())
position = int(hello["cursor"] or 0) if by_cursor else 0
told = b""
while True:
    with open(items_file, "rb") as items:
        items.seek(position)
        fresh = items.read()
    fresh = fresh[: fresh.rfind(b"\n") + 1]
    for line in fresh.splitlines(keepends=True):
        position += len(line)
        try:
            known = json.loads(line)["key"] in committed
        except Exception:
            known = False
        if not known:
            sys.stdout.buffer.write(line)
        if by_cursor:
            sys.stdout.buffer.write(b'{"cursor":"%d"}\n' % position)
        sys.stdout.buffer.flush()
    if select.select([0], [], [], 0.01)[0]:
        part = os.read(0, 65536)
        if not part:
            sys.exit(0)
        told += part
        while b"\n" in told:
            line, told = told.split(b"\n", 1)
            news = json.loads(line)
            if news["settled"] == "committed" and not by_cursor:
                with open(keys_file, "a") as file:
                    file.write("".join(key + "\n" for key in news["keys"]))
