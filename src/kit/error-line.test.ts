import assert from "node:assert/strict";
import { test } from "node:test";
import { errorLine } from "./error-line.ts";

const ROWS: { name: string; output: string; expect: string }[] = [
  {
    name: "Node.js",
    output: "/s.js:1\nthrow new Error('no db');\n^\n\nError: no db\n    at x (s.js:1:7)\n\nNode.js v24.1.0\n",
    expect: "Error: no db",
  },
  {
    name: "Python",
    output: "Traceback (most recent call last):\n  File x\nModuleNotFoundError: No module named 'y'\n",
    expect: "ModuleNotFoundError: No module named 'y'",
  },
  {
    name: "Java",
    output: "Exception in thread\njava.lang.X\nCaused by: java.io.IOException: closed\n\tat a.b(C.java:1)\n",
    expect: "Caused by: java.io.IOException: closed",
  },
  { name: "Go", output: "panic: nil map\n\ngoroutine 1 [running]:\n", expect: "panic: nil map" },
  { name: "shell", output: "starting\nsh: foo: not found\n", expect: "sh: foo: not found" },
  { name: "nothing that stands out", output: "one\ntwo\n\n", expect: "two" },
  { name: "nothing", output: "\n", expect: "" },
];

for (const { name, output, expect } of ROWS) test(`error line: ${name}`, () => assert.equal(errorLine(output), expect));
