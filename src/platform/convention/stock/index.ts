/** The conventions that come with this program. */
import type { InProcessConvention } from "../convention.ts";
import { developer } from "./developer.ts";
import { dotnet, go, nodejs, python } from "./languages.ts";
import { liveView } from "./live-view.ts";
import { provenance } from "./provenance.ts";
import { springBoot } from "./spring-boot/index.ts";

/** In the order of their names, which is that in which they are applied within a priority. */
export const STOCK_CONVENTIONS: readonly InProcessConvention[] = [
  liveView,
  developer,
  dotnet,
  go,
  nodejs,
  provenance,
  python,
  springBoot,
];
