/** The phases of evaluating one library, as those see them who start it. */
import type { ItemType } from "../schema/types.ts";
import type { DocumentNode, DocumentSet } from "../tree/nodes.ts";
import type { Addressed } from "./addressed.ts";
import type { LibraryPlace } from "./files.ts";
import type { Exports } from "./loader.ts";
import type { TemplateOptions } from "./session.ts";

/** Types of data values; without a schema anything goes. */
export type Schema = ItemType | undefined;

export type ExecutionOptions = TemplateOptions & { readonly skipValidation: boolean };

export type OutputFile = { readonly path: string; readonly documents: readonly DocumentNode[]; readonly text: string };

export type Result = {
  readonly files: readonly OutputFile[];
  readonly documents: DocumentSet;
  readonly exports: readonly { readonly path: string; readonly symbols: Exports }[];
};

/** A schema, data values, then the templates: each phase throws Fault. */
export interface Evaluation {
  /** The schema of this library, and the schemas for libraries below. */
  schema(overlays: readonly Addressed[]): { schema: Schema; forLibraries: Addressed[] };
  /** The data values of this library, and those for libraries below. */
  values(overlays: readonly Addressed[], schema: Schema): { values: DocumentNode; forLibraries: Addressed[] };
  /** Evaluates all files with the data values. */
  evaluate(values: DocumentNode, libraryValues: readonly Addressed[], librarySchemas: readonly Addressed[]): Result;
}

/** Begins to evaluate the library at a place. */
export type StartEvaluation = (place: LibraryPlace, options: ExecutionOptions) => Evaluation;
