/** The insight component: answers questions about what the others did. It reads objects and writes nothing. */
export { configHistory } from "./config-history.ts";
export { clusterReader, type Reader } from "./reader.ts";
export { type Trace, type TraceStep, traceCommit, traceWorkload } from "./trace.ts";
export { type Verdict, why } from "./why.ts";
export { readTraceWorld } from "./world.ts";
