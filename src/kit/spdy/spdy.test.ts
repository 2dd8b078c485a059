/** SPDY sessions against each other, against fixed bytes, and against nonsense. */
import assert from "node:assert/strict";
import { Duplex, type Readable } from "node:stream";
import { buffer, text } from "node:stream/consumers";
import { describe, it } from "node:test";
import fc from "fast-check";
import { DICTIONARY } from "./dictionary.ts";
import { type Frame, FrameParser, renderFrame, SpdyError } from "./frames.ts";
import { HeaderDecoder, HeaderEncoder } from "./headers.ts";
import { SpdySession } from "./session.ts";
import type { SpdyStream } from "./stream.ts";

/** Two connected ends. */
function pair(): [Duplex, Duplex] {
  const make = (other: () => Duplex): Duplex =>
    new Duplex({
      read: () => undefined,
      write: (chunk, _encoding, callback) => {
        other().push(chunk);
        callback();
      },
      final: (callback) => {
        other().push(null);
        callback();
      },
    });
  const one: Duplex = make(() => two);
  const two: Duplex = make(() => one);
  return [one, two];
}

function parse(chunks: readonly Buffer[]): Frame[] {
  const parser = new FrameParser();
  return chunks.flatMap((chunk) => [...parser.push(chunk)]);
}

const PLAIN = { noNullPrototype: true };
const streamId = fc.integer({ min: 1, max: 0x7fffffff });
const bytes = fc.uint8Array({ maxLength: 300 }).map((array) => Buffer.from(array));
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc.record(
    {
      type: fc.constantFrom("synStream" as const, "synReply" as const, "headers" as const),
      streamId,
      fin: fc.boolean(),
      block: bytes,
    },
    PLAIN,
  ),
  fc.record({ type: fc.constant("reset" as const), streamId, status: fc.integer({ min: 0, max: 11 }) }, PLAIN),
  fc.record({ type: fc.constant("ping" as const), id: fc.integer({ min: 0, max: 0xffffffff }) }, PLAIN),
  fc.record({ type: fc.constant("goAway" as const), lastStreamId: streamId }, PLAIN),
);

/** The bytes cut at arbitrary places. */
function cut(whole: Buffer, at: readonly number[]): Buffer[] {
  const places = [...new Set(at.map((place) => place % (whole.length + 1)))].sort((a, b) => a - b);
  return [...places, whole.length].map((place, index) => whole.subarray(places[index - 1] ?? 0, place));
}

describe("SPDY frames", () => {
  it("come back as they were, however the bytes arrive", () => {
    fc.assert(
      fc.property(fc.array(frame, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }), (frames, at) => {
        const whole = Buffer.concat(frames.flatMap(renderFrame));
        assert.deepEqual(parse(cut(whole, at)), frames);
      }),
    );
  });

  it("carry data in pieces, with the end on the last one", () => {
    fc.assert(
      fc.property(streamId, bytes, fc.boolean(), fc.array(fc.nat(), { maxLength: 5 }), (id, data, fin, at) => {
        const frames = parse(cut(Buffer.concat(renderFrame({ type: "data", streamId: id, data, fin })), at));
        const pieces = frames.filter((piece) => piece.type === "data");
        assert.deepEqual(Buffer.concat(pieces.map((piece) => piece.data)), data);
        assert.deepEqual(pieces.filter((piece) => piece.fin).length, fin ? 1 : 0);
        assert.ok(pieces.every((piece) => piece.streamId === id));
      }),
    );
  });

  it("are the bytes of the specification", () => {
    assert.equal(Buffer.concat(renderFrame({ type: "ping", id: 1 })).toString("hex"), "800300060000000400000001");
    assert.equal(
      Buffer.concat(renderFrame({ type: "data", streamId: 5, data: Buffer.from("hi"), fin: true })).toString("hex"),
      "00000005010000026869",
    );
  });

  it("are refused when they are too long or of another version", () => {
    assert.throws(() => parse([Buffer.from("8003000100ffffff", "hex")]), SpdyError);
    assert.throws(() => parse([Buffer.from("800200060000000400000001", "hex")]), SpdyError);
    assert.throws(() => parse([Buffer.from("8003000600000000", "hex")]), SpdyError);
  });
});

describe("SPDY header blocks", () => {
  it("begin with the dictionary of the specification", () => {
    let [low, high] = [1, 0];
    for (const byte of DICTIONARY) {
      low = (low + byte) % 65521;
      high = (high + low) % 65521;
    }
    assert.deepEqual([DICTIONARY.length, low, high], [1423, 0xa7c2, 0xe3c6]);
  });

  it("come back in order through one compression", async () => {
    const name = fc.stringMatching(/^[a-z][a-z0-9-]{0,12}$/);
    const headers = fc.dictionary(
      name,
      fc.string().filter((value) => !value.includes("\0")),
      PLAIN,
    );
    await fc.assert(
      fc.asyncProperty(fc.array(headers, { maxLength: 5 }), async (blocks) => {
        const [encoder, decoder] = [new HeaderEncoder(), new HeaderDecoder()];
        for (const block of blocks) assert.deepEqual({ ...(await decoder.decode(await encoder.encode(block))) }, block);
        encoder.close();
        decoder.close();
      }),
      { numRuns: 50 },
    );
  });

  it("are refused when they are no blocks, or blow up", async () => {
    await assert.rejects(new HeaderDecoder().decode(Buffer.from("nonsense")), SpdyError);
    const bomb = await new HeaderEncoder().encode({ large: "0".repeat(10 << 20) });
    assert.ok(bomb.length < 64 << 10);
    await assert.rejects(new HeaderDecoder().decode(bomb), /longer than/);
  });
});

describe("SPDY sessions", () => {
  const connected = (onStream: (stream: SpdyStream) => void, maxStreams?: number) => {
    const [near, far] = pair();
    const server = new SpdySession(far, { role: "server", onStream, ...(maxStreams && { maxStreams }) });
    return { client: new SpdySession(near, { role: "client" }), server };
  };

  it("carry many streams at once, each with its own end", async () => {
    const { client, server } = connected((stream) => stream.pipe(stream));
    const payloads = Array.from({ length: 20 }, (_, index) => Buffer.alloc(index * 10_007, index));
    const echoes = payloads.map(async (payload) => {
      const stream = client.open({ streamtype: "data" });
      stream.end(payload);
      return await buffer(stream);
    });
    assert.deepEqual(await Promise.all(echoes), payloads);
    await client.close();
    assert.equal(await server.closed, undefined);
  });

  it("hand over headers, and let one direction end before the other", async () => {
    const seen: unknown[] = [];
    const { client } = connected(async (stream) => {
      seen.push(stream.headers.streamtype, await text(stream as Readable));
      stream.end("answer after the end of the question");
    });
    const stream = client.open({ streamtype: "stdin" });
    stream.end("question");
    assert.equal(await text(stream as Readable), "answer after the end of the question");
    assert.deepEqual(seen, ["stdin", "question"]);
    await client.close();
  });

  it("hold the sender up when nobody reads", async () => {
    const opened = Promise.withResolvers<SpdyStream>();
    const { client } = connected((stream) => opened.resolve(stream));
    const stream = client.open({});
    const chunk = Buffer.alloc(64 << 10);
    for (let index = 0; index < 32; index++) stream.write(chunk);
    const held = await opened.promise;
    const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
    while (held.readableLength < held.readableHighWaterMark) await turn();
    await turn();
    assert.ok(held.readableLength <= held.readableHighWaterMark + chunk.length, "the reader's buffer is bounded");
    const all = buffer(held);
    stream.end();
    assert.equal((await all).length, 32 * chunk.length);
    await client.close();
  });

  it("refuse more streams than they may have", async () => {
    const { client } = connected(() => undefined, 2);
    const streams = [client.open({}), client.open({}), client.open({})];
    await new Promise((resolve) => streams[2]?.once("close", resolve));
    assert.deepEqual(
      streams.map(({ destroyed }) => destroyed),
      [false, false, true],
    );
    await client.close();
  });

  it("end when the other side talks nonsense, and never throw", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            bytes,
            frame.map((one) => Buffer.concat(renderFrame(one))),
          ),
        ),
        async (chunks) => {
          const [near, far] = pair();
          const session = new SpdySession(far, { role: "server", onStream: (stream) => stream.resume() });
          near.resume();
          for (const chunk of chunks) near.write(chunk);
          near.end();
          await session.closed;
          assert.equal(far.destroyed, true);
        },
      ),
    );
  });
});
