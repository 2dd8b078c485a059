/** The languages that this program knows, as conventions. */
import type { ImageDescription, InProcessConvention } from "../convention.ts";
import { buildpacksOf, componentOf } from "./image-facts.ts";
import { languageConvention } from "./language.ts";

const builtBy =
  (pattern: RegExp) =>
  (image: ImageDescription): boolean =>
    buildpacksOf(image).some((id) => pattern.test(id));

export const nodejs: InProcessConvention = languageConvention({
  name: "nodejs",
  title: "Node.js",
  recognises: "built by a buildpack whose id has nodejs or node-engine",
  isIts: builtBy(/nodejs|node-engine/),
  requests: { cpu: "50m", memory: "96Mi" },
});

export const python: InProcessConvention = languageConvention({
  name: "python",
  title: "Python",
  recognises: "built by a buildpack whose id has python",
  isIts: builtBy(/python/),
  requests: { cpu: "50m", memory: "96Mi" },
  shutdown: {
    doc: "80 % of the pod's grace period for Gunicorn (`GUNICORN_CMD_ARGS`) and Uvicorn (`UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN`), as the bill of materials lists them",
    env: (image, seconds) => ({
      ...(componentOf(image, "gunicorn") && { GUNICORN_CMD_ARGS: `--graceful-timeout ${seconds}` }),
      ...(componentOf(image, "uvicorn") && { UVICORN_TIMEOUT_GRACEFUL_SHUTDOWN: String(seconds) }),
    }),
  },
});

export const go: InProcessConvention = languageConvention({
  name: "go",
  title: "Go",
  recognises: "built by a buildpack whose id has the word go, such as paketo-buildpacks/go-build",
  isIts: builtBy(/[/_.-]go(?:$|[-_.])/),
  requests: { cpu: "25m", memory: "32Mi" },
});

export const dotnet: InProcessConvention = languageConvention({
  name: "dotnet",
  title: ".NET",
  recognises: "built by a buildpack whose id has dotnet",
  isIts: builtBy(/dotnet/),
  requests: { cpu: "50m", memory: "128Mi" },
  shutdown: {
    doc: "80 % of the pod's grace period for the host's shutdown (`DOTNET_SHUTDOWNTIMEOUTSECONDS`)",
    env: (_image, seconds) => ({ DOTNET_SHUTDOWNTIMEOUTSECONDS: String(seconds) }),
  },
});
