/** ytt: renders YAML and text templates with data values, schemas, overlays and libraries. Pure; no file is read. */
import { Budget, type Limits } from "./budget.ts";
import { fromBytes, toBytes } from "./bytes.ts";
import { toYttError } from "./errors.ts";
import { toJavaScript } from "./tree/convert.ts";
import { isEmptyDocument } from "./tree/nodes.ts";
import { Execution } from "./workspace/execution.ts";
import { FileCache } from "./workspace/file-cache.ts";
import { Library, sourceFile } from "./workspace/files.ts";
import { givenValues, givenYaml } from "./workspace/given-values.ts";
import { Session } from "./workspace/session.ts";

export type { Limits } from "./budget.ts";
export { YttError } from "./errors.ts";
export { FileCache } from "./workspace/file-cache.ts";

export type YttOptions = {
  /** One value per top-level key, as `--data-value-yaml key=…` gives them: each replaces what the key had. */
  readonly dataValues?: Readonly<Record<string, unknown>>;
  /** Plain YAML, as `--data-values-file` gives it: maps merge deeply. Comes before `dataValues`. */
  readonly dataValuesYaml?: string;
  /** Comments that are not ytt's are no error. */
  readonly ignoreUnknownComments?: boolean;
  /** A key may occur again in a map; the last one counts. */
  readonly implicitMapKeyOverrides?: boolean;
  /** Ambiguous scalars without quotes are errors. */
  readonly strict?: boolean;
  readonly limits?: Limits;
  /** Files read by renderings before; without it every rendering reads its files anew. */
  readonly cache?: FileCache;
};

export type YttFile = {
  readonly path: string;
  /** Empty for text templates. */
  readonly documents: unknown[];
  readonly text: string;
};

export type YttResult = {
  /** One per template that gives something, in the order of the files given. */
  readonly files: YttFile[];
  /** The documents of all YAML files. */
  readonly documents: unknown[];
  /** The documents of all YAML files as ytt prints them. */
  readonly text: string;
};

/**
 * Renders the files as `ytt -f …` does; the order of the files is the order of output and overlays.
 * Throws YttError for everything that is wrong with the files, the values or the limits.
 */
export function renderYtt(
  files: readonly { readonly path: string; readonly text: string }[],
  options: YttOptions = {},
): YttResult {
  try {
    return render(files, options);
  } catch (error) {
    throw toYttError(error);
  }
}

function render(files: readonly { readonly path: string; readonly text: string }[], options: YttOptions): YttResult {
  const budget = new Budget(options.limits);
  const strict = options.strict ?? false;
  const sources = files.map(({ path, text }, order) => sourceFile(toBytes(path), toBytes(text), order));
  const root = Library.of(sources);
  const execution = new Execution(
    new Session(budget, options.cache ?? new FileCache()),
    { current: root, root },
    {
      ignoreUnknownComments: options.ignoreUnknownComments ?? false,
      implicitMapKeyOverrides: options.implicitMapKeyOverrides ?? false,
      strict,
      skipValidation: false,
    },
  );
  const given = [
    ...(options.dataValuesYaml === undefined
      ? []
      : givenYaml("data-values.yml", options.dataValuesYaml, { budget, strict })),
    ...(options.dataValues === undefined ? [] : [givenValues(options.dataValues)]),
  ];
  const { schema, forLibraries: librarySchemas } = execution.schema([]);
  const { values, forLibraries } = execution.values(given, schema);
  const result = execution.evaluate(values, forLibraries, librarySchemas);
  return {
    files: result.files.map(({ path, documents, text }) => ({
      path: fromBytes(path),
      documents: documents.map(({ value }) => toJavaScript(value)),
      text: fromBytes(text),
    })),
    documents: result.documents.items.filter((one) => !isEmptyDocument(one)).map(({ value }) => toJavaScript(value)),
    text: fromBytes(
      result.files
        .filter(({ documents, text }) => documents.length > 0 && text !== "")
        .map(({ text }) => text)
        .join("---\n"),
    ),
  };
}
