/** Links behind the proxy, as tables. */
import assert from "node:assert/strict";
import { Readable } from "node:stream";
import { text } from "node:stream/consumers";
import { describe, it } from "node:test";
import fc from "fast-check";
import { htmlRewriter, rewriteLink } from "./proxy-rewrite.ts";

const place = { prefix: "/proxy", hosts: ["10.1.2.3", "10.1.2.3:8080"] };

describe("links", () => {
  const cases: [string, string][] = [
    ["/", "/proxy/"],
    ["/a/b?c#d", "/proxy/a/b?c#d"],
    ["relative", "relative"],
    ["", ""],
    ["#part", "#part"],
    ["mailto:a@b.c", "mailto:a@b.c"],
    ["http://10.1.2.3:8080/x", "/proxy/x"],
    ["//10.1.2.3?q", "/proxy/?q"],
    ["https://elsewhere.dev/x", "https://elsewhere.dev/x"],
    ["/proxy/already", "/proxy/already"],
    ["/proxyless", "/proxy/proxyless"],
  ];
  for (const [link, expected] of cases)
    it(`${link || "nothing"} becomes ${expected || "nothing"}`, () => assert.equal(rewriteLink(link, place), expected));
});

describe("HTML", () => {
  const rewrite = async (chunks: readonly Buffer[]): Promise<string> =>
    await text(Readable.from(chunks).pipe(htmlRewriter(place)));

  const cases: [string, string][] = [
    ['<a href="/x">y</a>', '<a href="/proxy/x">y</a>'],
    ["<img src=/x.png alt=/kept>", "<img src=/proxy/x.png alt=/kept>"],
    ["<FORM ACTION='/f'\n data = \"/d\">", "<FORM ACTION='/proxy/f'\n data = \"/proxy/d\">"],
    ["<p>href=\"/text\"</p><em title='/x'>", "<p>href=\"/text\"</p><em title='/x'>"],
    ["<script>if (a < b) f('/x')</script>", "<script>if (a < b) f('/x')</script>"],
    ['<a href="/grüße">é</a>', '<a href="/proxy/grüße">é</a>'],
  ];
  for (const [html, expected] of cases)
    it(`${JSON.stringify(html)} is rewritten however it arrives`, async () => {
      const bytes = Buffer.from(html);
      await fc.assert(
        fc.asyncProperty(fc.nat(bytes.length), async (at) => {
          assert.equal(await rewrite([bytes.subarray(0, at), bytes.subarray(at)]), expected);
        }),
        { numRuns: 20 },
      );
    });

  it("that never closes a tag is passed on all the same", async () => {
    const endless = `<${"a".repeat(1 << 20)}`;
    assert.equal(await rewrite([Buffer.from(endless)]), endless);
  });
});
