"""Stands between a client and a RESP server and prints every command, and every refusal: `record_commands.py LISTEN_PORT SERVER_PORT`."""

import asyncio
import sys


async def frames(reader):
    """Gives (raw bytes, words or first line) per frame of requests or replies."""
    while line := await reader.readline():
        raw, words = line, None
        if line[:1] == b"*" and line[1:-2].isdigit():
            words = []
            for _ in range(int(line[1:])):
                head = await reader.readline()
                body = await reader.readexactly(int(head[1:]) + 2)
                raw += head + body
                words.append(body[:-2])
        yield raw, words if words is not None else line.split()


def show(word):
    text = word.decode("latin-1")
    text = "".join(c if " " <= c <= "~" or c == "\n" else f"\\x{ord(c):02x}" for c in text)
    return repr(text) if " " in text or "\n" in text or not text else text


number = 0


async def serve(reader, writer):
    global number
    number += 1
    me = number
    up_reader, up_writer = await asyncio.open_connection("127.0.0.1", int(sys.argv[2]))

    async def replies():
        while data := await up_reader.read(65536):
            for line in data.split(b"\r\n"):
                if line[:1] == b"-":
                    print(f"{me} REPLY {line.decode('latin-1')}", flush=True)
            writer.write(data)
        writer.close()

    task = asyncio.create_task(replies())
    try:
        async for raw, words in frames(reader):
            print(me, " ".join(show(w) for w in words), flush=True)
            up_writer.write(raw)
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    up_writer.close()
    await task


async def main():
    server = await asyncio.start_server(serve, "127.0.0.1", int(sys.argv[1]), limit=1 << 24)
    await server.serve_forever()


asyncio.run(main())
