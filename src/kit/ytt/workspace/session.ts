/** What one rendering shares: limits, the files read, the number of the next template. */
import type { Budget } from "../budget.ts";
import { Instructions } from "../template/instructions.ts";
import type { FileCache } from "./file-cache.ts";

export type TemplateOptions = {
  readonly ignoreUnknownComments: boolean;
  readonly implicitMapKeyOverrides: boolean;
  readonly strict: boolean;
};

export class Session {
  readonly budget: Budget;
  readonly files: FileCache;
  #templates = 1;

  constructor(budget: Budget, files: FileCache) {
    this.budget = budget;
    this.files = files;
  }

  nextInstructions(): Instructions {
    this.#templates++;
    return new Instructions(this.#templates);
  }
}
