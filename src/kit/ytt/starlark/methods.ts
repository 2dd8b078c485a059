/** How the methods of a built-in type are declared. */
import type { Native } from "./callables.ts";

/** Gives, by name, the work of a method for the value that it is called on. */
export type Methods<Receiver> = Readonly<Record<string, (receiver: Receiver) => Native>>;
