/** Syntax trees. `line` is the line of the token that names the operation, for messages. */

export type Name = {
  readonly kind: "name";
  readonly line: number;
  readonly name: string;
  binding?: Binding | undefined;
};

/** Where a variable lives; `depth` is the number of functions to go outwards. */
export type Binding =
  | { readonly scope: "local"; readonly depth: number; readonly index: number }
  | { readonly scope: "global"; readonly index: number }
  | { readonly scope: "predeclared" }
  | { readonly scope: "universal" };

export type Argument =
  | { readonly kind: "plain"; readonly line: number; readonly value: Expression }
  | { readonly kind: "named"; readonly line: number; readonly name: Name; readonly value: Expression }
  | { readonly kind: "star" | "starstar"; readonly line: number; readonly value: Expression };

export type Parameter =
  | { readonly kind: "plain"; readonly line: number; readonly name: Name }
  | { readonly kind: "optional"; readonly line: number; readonly name: Name; readonly value: Expression }
  | { readonly kind: "star"; readonly line: number; readonly name: Name | undefined }
  | { readonly kind: "starstar"; readonly line: number; readonly name: Name };

export type Entry = { readonly line: number; readonly key: Expression; readonly value: Expression };

export type Clause =
  | { readonly kind: "for"; readonly line: number; readonly target: Expression; readonly from: Expression }
  | { readonly kind: "if"; readonly line: number; readonly condition: Expression };

/** A function as the resolver leaves it. */
export type FunctionSyntax = {
  readonly name: string;
  readonly line: number;
  readonly parameters: readonly Parameter[];
  body: Statement[];
  /** Names of the slots: parameters first, then local variables. */
  slots: string[];
};

export type Call = {
  readonly kind: "call";
  readonly line: number;
  readonly fn: Expression;
  readonly args: readonly Argument[];
};

export type Expression =
  | Name
  | Call
  | { readonly kind: "literal"; readonly line: number; readonly value: string | bigint | number }
  | { readonly kind: "list" | "tuple"; readonly line: number; readonly items: readonly Expression[] }
  | { readonly kind: "dict"; readonly line: number; readonly entries: readonly Entry[] }
  | { readonly kind: "paren"; readonly line: number; readonly inner: Expression }
  | {
      readonly kind: "comprehension";
      readonly line: number;
      readonly body: Expression | Entry;
      readonly isDict: boolean;
      readonly clauses: readonly Clause[];
    }
  | {
      readonly kind: "conditional";
      readonly line: number;
      readonly condition: Expression;
      readonly yes: Expression;
      readonly no: Expression;
    }
  | { readonly kind: "unary"; readonly line: number; readonly operator: string; readonly operand: Expression }
  | {
      readonly kind: "binary";
      readonly line: number;
      readonly operator: string;
      readonly left: Expression;
      readonly right: Expression;
    }
  | { readonly kind: "attribute"; readonly line: number; readonly of: Expression; readonly name: string }
  | { readonly kind: "index"; readonly line: number; readonly of: Expression; readonly key: Expression }
  | {
      readonly kind: "slice";
      readonly line: number;
      readonly of: Expression;
      readonly low: Expression | undefined;
      readonly high: Expression | undefined;
      readonly step: Expression | undefined;
    }
  | { readonly kind: "lambda"; readonly line: number; readonly fn: FunctionSyntax };

export type Statement =
  | { readonly kind: "expression"; readonly line: number; readonly value: Expression }
  | {
      readonly kind: "assign";
      readonly line: number;
      readonly target: Expression;
      readonly value: Expression;
      /** Empty for `=`, else the operator before `=`. */
      readonly operator: string;
    }
  | { readonly kind: "break" | "continue"; readonly line: number }
  | {
      readonly kind: "if";
      readonly line: number;
      readonly condition: Expression;
      readonly yes: Statement[];
      no: Statement[];
    }
  | {
      readonly kind: "for";
      readonly line: number;
      readonly target: Expression;
      readonly from: Expression;
      readonly body: Statement[];
    }
  | { readonly kind: "while"; readonly line: number; readonly condition: Expression; readonly body: Statement[] }
  | { readonly kind: "def"; readonly line: number; readonly name: Name; readonly fn: FunctionSyntax }
  | { readonly kind: "return"; readonly line: number; value: Expression | undefined }
  | {
      readonly kind: "load";
      readonly line: number;
      readonly module: string;
      readonly symbols: readonly { readonly from: string; readonly fromLine: number; readonly to: Name }[];
    };

/** A whole file; the resolver fills in the names of variables. */
export type Program = {
  readonly file: string;
  readonly statements: Statement[];
  slots: string[];
  globals: string[];
};
