"""llama.cpp's own server (inside the package xllamacpp) with a model made on the spot: a vocabulary of some hundred tokens and random weights.

    llama.py FOLDER    writes FOLDER/tiny.gguf, prints the server's port; ends with its standard input

What it says means nothing; that it is held to a schema, counts tokens, streams, and ends at its limits is real. The file format is GGUF 3
(ggml project, docs/gguf.md). One direction of the hidden state is the same for every token, so that the last matrix can make letters
likely and the end of a text near.
"""

import os
import random
import signal
import struct
import sys

WIDTH, INNER, HEADS, CONTEXT = 32, 32, 4, 8192
U32, F32, BOOL, TEXT, LIST, I32 = 4, 6, 7, 8, 9, 5
NORMAL, UNKNOWN, CONTROL, BYTE = 1, 2, 3, 6


def text(value):
    data = value if isinstance(value, bytes) else value.encode()
    return struct.pack("<Q", len(data)) + data


def packed(kind, value):
    if kind == TEXT:
        return text(value)
    return struct.pack({U32: "<I", F32: "<f", BOOL: "<?", I32: "<i"}[kind], value)


def entry(key, kind, value, of=None):
    if kind != LIST:
        return text(key) + struct.pack("<I", kind) + packed(kind, value)
    return text(key) + struct.pack("<IIQ", LIST, of, len(value)) + b"".join(packed(of, item) for item in value)


def vocabulary():
    """Tokens with their kinds, and how likely each is."""
    words = "boiler broken call back today quote urgent customer the a for asks price date".split()
    tokens = [(b"<unk>", UNKNOWN, -3.0), (b"<s>", CONTROL, -3.0), (b"</s>", CONTROL, 0.3)]
    tokens += [(b"<0x%02X>" % byte, BYTE, -2.0) for byte in range(256)]
    tokens += [(("\u2581" + word).encode(), NORMAL, 0.4) for word in words] + [("\u2581".encode(), NORMAL, -0.6)]
    tokens += [(bytes([byte]), NORMAL, 0.5 if chr(byte) in '"}],:' else -0.6) for byte in range(33, 127)]
    return tokens


def model():
    chance, tokens = random.Random(7), vocabulary()

    def matrix(rows, columns, constant=False):
        rows = [[chance.gauss(0, 0.05) for _ in range(columns)] for _ in range(rows)]
        if constant:  # what must not change the constant direction
            rows[0] = [0.0] * columns
        return rows

    tensors = {"token_embd.weight": [[1.0] + row[1:] for row in matrix(len(tokens), WIDTH)]}
    for name in ("attn_norm", "ffn_norm"):
        tensors[f"blk.0.{name}.weight"] = [1.0] * WIDTH
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        tensors[f"blk.0.{name}.weight"] = matrix(WIDTH, WIDTH, name == "attn_output")
    for name, rows, columns in (("ffn_gate", INNER, WIDTH), ("ffn_up", INNER, WIDTH), ("ffn_down", WIDTH, INNER)):
        tensors[f"blk.0.{name}.weight"] = matrix(rows, columns, name == "ffn_down")
    tensors["output_norm.weight"] = [1.0] * WIDTH
    tensors["output.weight"] = [[likely] + row[1:] for row, (_, _, likely) in zip(matrix(len(tokens), WIDTH), tokens)]

    template = "{% for m in messages %}{{ m['role'] }}: {{ m['content'] }}\n{% endfor %}assistant:"
    entries = [
        entry("general.architecture", TEXT, "llama"), entry("general.name", TEXT, "tiny"), entry("general.file_type", U32, 0),
        entry("llama.context_length", U32, CONTEXT), entry("llama.embedding_length", U32, WIDTH), entry("llama.block_count", U32, 1),
        entry("llama.feed_forward_length", U32, INNER), entry("llama.attention.head_count", U32, HEADS),
        entry("llama.attention.head_count_kv", U32, HEADS), entry("llama.attention.layer_norm_rms_epsilon", F32, 1e-5),
        entry("llama.rope.dimension_count", U32, WIDTH // HEADS), entry("llama.vocab_size", U32, len(tokens)),
        entry("tokenizer.ggml.model", TEXT, "llama"), entry("tokenizer.ggml.tokens", LIST, [token for token, _, _ in tokens], TEXT),
        entry("tokenizer.ggml.scores", LIST, [-float(index) for index in range(len(tokens))], F32),
        entry("tokenizer.ggml.token_type", LIST, [kind for _, kind, _ in tokens], I32),
        entry("tokenizer.ggml.unknown_token_id", U32, 0), entry("tokenizer.ggml.bos_token_id", U32, 1),
        entry("tokenizer.ggml.eos_token_id", U32, 2), entry("tokenizer.ggml.add_bos_token", BOOL, True),
        entry("tokenizer.ggml.add_space_prefix", BOOL, True), entry("tokenizer.chat_template", TEXT, template),
    ]
    head, data = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(entries)) + b"".join(entries), b""
    for name, rows in tensors.items():
        flat = [value for row in rows for value in row] if isinstance(rows[0], list) else rows
        shape = [len(rows[0]), len(rows)] if isinstance(rows[0], list) else [len(rows)]
        head += text(name) + struct.pack(f"<I{len(shape)}QIQ", len(shape), *shape, 0, len(data))
        data += struct.pack(f"<{len(flat)}f", *flat)
        data += bytes(-len(data) % 32)
    return head + bytes(-len(head) % 32) + data


def main():
    import xllamacpp

    path = os.path.join(sys.argv[1], "tiny.gguf")
    with open(path, "wb") as file:
        file.write(model())
    params = xllamacpp.CommonParams()
    params.model.path, params.model_alias = path, type(params.model_alias)(["tiny"])
    params.hostnames, params.port, params.api_keys = ["127.0.0.1"], 0, ["tiny-key"]
    params.n_ctx, params.n_parallel, params.n_gpu_layers, params.warmup, params.ui = CONTEXT, 2, 0, False, False
    params.cpuparams.n_threads, params.n_threads_http = 1, 8
    server = xllamacpp.Server(params)
    print(server.listening_address.rsplit(":", 1)[1], flush=True)
    # Whoever started this holds the other end, and when it goes this goes.
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGKILL)


main()
