/** Everything that validation rules may call. */
import { library } from "../overload.ts";
import { ADDRESSES } from "./addresses.ts";
import { OPERATORS } from "./arithmetic.ts";
import { FORMATS } from "./formats.ts";
import { LISTS } from "./lists.ts";
import { OPTIONALS } from "./optionals.ts";
import { QUANTITIES } from "./quantities.ts";
import { REGEX } from "./regex.ts";
import { SEMVERS } from "./semver.ts";
import { STANDARD } from "./standard.ts";
import { STRINGS } from "./strings.ts";
import { URLS } from "./urls.ts";

export const KUBERNETES = library(
  OPERATORS,
  STANDARD,
  STRINGS,
  REGEX,
  LISTS,
  OPTIONALS,
  URLS,
  ADDRESSES,
  QUANTITIES,
  SEMVERS,
  FORMATS,
);
