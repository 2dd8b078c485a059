/** slipway.dev: kinds that no upstream has. */
export { ConfigCommit } from "./config-commit.ts";
