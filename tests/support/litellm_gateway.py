"""A gateway in real use (LiteLLM's proxy) for tests: models that answer by themselves, and models behind another server on loopback.

    litellm_gateway.py FOLDER UPSTREAM    prints its port once it answers; ends with its standard input

UPSTREAM is where chat completions (`/v1/chat/completions`) and messages (`/v1/messages`) are answered, such as `http://127.0.0.1:8080`.
"""

import json
import os
import socket
import sys
import threading
import time
import urllib.request

folder, upstream = sys.argv[1:3]
BRIEF = '{"summary":"Asks for a new boiler","risk":"low"}'


def mock(name, answer, **more):
    return {"model_name": name, "litellm_params": {"model": "openai/mock", "api_key": "x", "mock_response": answer, **more}}


def behind(name, model, base):
    return {"model_name": name, "litellm_params": {"model": model, "api_key": "sk-behind", "api_base": base}}


config = {
    "model_list": [
        mock("brief", BRIEF),
        mock("prose", "Surely! Here is what I think about your boiler."),
        mock("too-many", "litellm.RateLimitError"),
        mock("broken", "litellm.InternalServerError"),
        mock("too-long", "litellm.ContextWindowExceededError"),
        mock("slow", "late", mock_delay=30),
        behind("chat", "openai/stand-in", upstream + "/v1"),
        behind("messages", "anthropic/claude-sonnet-4-5", upstream),
    ],
    "litellm_settings": {"num_retries": 0, "request_timeout": 30, "drop_params": True, "telemetry": False},
    "router_settings": {"num_retries": 0, "disable_cooldowns": True},
    "general_settings": {"master_key": "sk-gateway", "disable_spend_logs": True},
}
path = os.path.join(folder, "litellm.yaml")
with open(path, "w") as file:
    json.dump(config, file)  # JSON is YAML

# Nothing is looked up or reported elsewhere.
os.environ.update(LITELLM_LOCAL_MODEL_COST_MAP="True", LITELLM_TELEMETRY="False", DISABLE_ADMIN_UI="True", NO_DOCS="True", LITELLM_MODE="PRODUCTION")
with socket.socket() as found:
    found.bind(("127.0.0.1", 0))
    port = found.getsockname()[1]
said = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)


def tell():
    while True:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/liveliness", timeout=5):
                break
        except OSError:
            time.sleep(0.05)
    print(port, file=said, flush=True)
    # Whoever started this holds the other end, and when it goes this goes.
    sys.stdin.buffer.read()
    os._exit(0)


threading.Thread(target=tell, daemon=True).start()
from litellm.proxy.proxy_cli import run_server  # noqa: E402

run_server(["--config", path, "--host", "127.0.0.1", "--port", str(port), "--num_workers", "1"])
