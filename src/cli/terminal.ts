/** The terminal: colours where there is one, and questions where somebody can answer. */
import { once } from "node:events";
import { createInterface } from "node:readline/promises";
import { styleText } from "node:util";
import { CliError } from "./errors.ts";

export type Colour = "green" | "red" | "yellow" | "cyan" | "bold" | "dim";

export interface Terminal {
  /** Text in a colour, as it is when the output is no terminal or `NO_COLOR` is set. */
  paint(colour: Colour, text: string): string;
  /** Prints a message that is not the result: to standard error. */
  note(text: string): void;
  /** Asks for yes or no; the end of the input is a no. Yes when nobody can be asked. */
  confirm(question: string): Promise<boolean>;
}

/** The process's own terminal. */
export function processTerminal(options: { yes?: boolean | undefined } = {}): Terminal {
  const coloured = process.stdout.isTTY && !process.env.NO_COLOR;
  return {
    paint: (colour, text) => (coloured ? styleText(colour, text, { validateStream: false }) : text),
    note: (text) => console.error(text),
    confirm: async (question) => {
      if (options.yes || !process.stdin.isTTY || !process.stdout.isTTY) return true;
      const reader = createInterface({ input: process.stdin, output: process.stdout });
      try {
        const ended = once(reader, "close").then(() => "");
        const answer = await Promise.race([reader.question(`${question} [yN]: `), ended]);
        return /^y(es)?$/i.test(answer.trim());
      } finally {
        reader.close();
      }
    },
  };
}

/** Throws CliError when the question is answered with no. */
export async function requireConsent(terminal: Terminal, question: string): Promise<void> {
  if (!(await terminal.confirm(question))) throw new CliError("failed", "nothing was changed");
}
