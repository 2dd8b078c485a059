/** Templates in ytt: the text is rendered with what tags would see as data values. Spec: Cartographer's stamper. */
import { TemplateError } from "#kit/template.ts";
import { FileCache, type Limits, renderYtt, YttError } from "#kit/ytt/index.ts";

/** Renders the text of a template to the one document that it gives. Throws TemplateError in ytt's words. */
export type RenderTemplateText = (text: string, values: Readonly<Record<string, unknown>>) => unknown;

/** The name that ytt gives to a template on its standard input: it stands in every message. */
const FILE = "stdin.yml";

/** Stamping waits for nothing else: a template gets a fraction of what a whole rendering may take. */
const LIMITS: Limits = { steps: 1_000_000, size: 4_000_000, total: 64_000_000 };

/** A renderer that reads and compiles each text once, as long as it is used. */
export function templateTextRenderer(): RenderTemplateText {
  const cache = new FileCache();
  return (text, dataValues) => {
    const documents = render(text, { dataValues, cache, limits: LIMITS });
    if (documents.length === 1) return documents[0];
    const count = documents.length === 0 ? "no document" : `${documents.length} documents`;
    throw new TemplateError("ytt", `unable to apply ytt template: it gives ${count}; a template stamps one object`);
  };
}

function render(text: string, options: Parameters<typeof renderYtt>[1]): unknown[] {
  try {
    return renderYtt([{ path: FILE, text }], options).documents;
  } catch (error) {
    if (!(error instanceof YttError)) throw error;
    throw new TemplateError("ytt", `unable to apply ytt template: ytt: Error: ${error.message}\n`, { cause: error });
  }
}
