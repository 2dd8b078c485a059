/** The files of a rendering, in libraries: each directory is one, `_ytt_lib` holds private ones. */
import { Fault } from "../errors.ts";

export type FileKind = "yaml" | "starlark" | "text" | "data";

export type SourceFile = {
  readonly path: string;
  /** Bytes. */
  readonly text: string;
  /** Position among all files: decides the order of output and of overlays. */
  readonly order: number;
  readonly kind: FileKind;
  /** Can be loaded and is never output: `x.star`, `x.lib.yml`. */
  readonly isLibrary: boolean;
};

const KINDS: readonly (readonly [string, FileKind])[] = [
  [".yaml", "yaml"],
  [".yml", "yaml"],
  [".star", "starlark"],
  [".txt", "text"],
];
const PRIVATE = "_ytt_lib";

export function sourceFile(path: string, text: string, order: number): SourceFile {
  const name = path.slice(path.lastIndexOf("/") + 1);
  const kind = KINDS.find(([extension]) => name.endsWith(extension))?.[1] ?? "data";
  const parts = name.split(".");
  const isLibrary = kind === "starlark" || (parts.length > 2 && parts.at(-2) === "lib");
  return { path, text, order, kind, isLibrary };
}

export function isTemplate({ kind, isLibrary }: SourceFile): boolean {
  return !isLibrary && (kind === "yaml" || kind === "text");
}

/** A file with the library that it is in; `path` is relative to the library that listed it. */
export type FileInLibrary = { readonly file: SourceFile; readonly library: Library; readonly path: string };

export class Library {
  readonly name: string;
  readonly #children: Library[] = [];
  readonly #files: SourceFile[] = [];

  constructor(name = "") {
    this.name = name;
  }

  /** The root library of all files. */
  static of(files: readonly SourceFile[]): Library {
    const root = new Library();
    for (const file of files) {
      let library: Library = root;
      for (const piece of file.path.split("/").slice(0, -1)) library = library.#child(piece) ?? library.#create(piece);
      library.#files.push(file);
    }
    return root;
  }

  #child(name: string): Library | undefined {
    return this.#children.find((child) => child.name === name);
  }

  #create(name: string): Library {
    const child = new Library(name);
    this.#children.push(child);
    return child;
  }

  /** A library below `_ytt_lib`. Throws Fault. */
  findPrivate(path: string): Library {
    let library = this.#child(PRIVATE);
    if (!library) throw new Fault(`Could not find private library (directory '${PRIVATE}' missing?)`);
    const pieces = path.split("/");
    for (const [index, piece] of pieces.entries()) {
      const child: Library | undefined = library.#child(piece);
      const before = pieces.slice(0, index).join("/");
      if (!child) throw new Fault(`Expected to find library '${path}', but did not find '${before}'`);
      if (child.name === PRIVATE) throw new Fault(`Could not load private library '${before}'`);
      library = child;
    }
    return library;
  }

  /** A directory below this one. Throws Fault. */
  findDirectory(path: string): Library {
    let library: Library = this;
    const pieces = path.split("/");
    for (const [index, piece] of pieces.entries()) {
      const child = library.#child(piece);
      if (!child) throw new Fault(`Did not find '${pieces.slice(0, index).join("/")}'`);
      if (child.name === PRIVATE) throw new Fault(`Encountered private library '${PRIVATE}'`);
      library = child;
    }
    return library;
  }

  /** Throws Fault. */
  findFile(path: string): FileInLibrary {
    const slash = path.lastIndexOf("/");
    const library = slash < 0 ? this : this.#directoryOf(path, path.slice(0, slash));
    const name = path.slice(slash + 1);
    const file = library.#files.find((one) => one.path.slice(one.path.lastIndexOf("/") + 1) === name);
    if (!file) throw new Fault(`Expected to find file '${path}' (hint: only files included via -f flag are available)`);
    return { file, library, path };
  }

  #directoryOf(path: string, directory: string): Library {
    try {
      return this.findDirectory(directory);
    } catch (error) {
      throw new Fault(`Expected to find file '${path}', but did not: ${(error as Fault).message}`, { cause: error });
    }
  }

  /** All files here and below, without those of private libraries. */
  list(prefix = ""): FileInLibrary[] {
    const own = this.#files.map((file) => ({
      file,
      library: this as Library,
      path: prefix + file.path.slice(file.path.lastIndexOf("/") + 1),
    }));
    const below = this.#children
      .filter(({ name }) => name !== PRIVATE)
      .flatMap((child) => child.list(`${prefix}${child.name}/`));
    return [...own, ...below];
  }
}

/** Which library a file belongs to, and which is its root. */
export type LibraryPlace = { readonly current: Library; readonly root: Library };

/** The library and the rest of a path that may begin with `/`, for "from the root library". */
export function startOf(
  path: string,
  { current, root }: LibraryPlace,
): { library: Library; rest: string; fromRoot: boolean } {
  return path.startsWith("/")
    ? { library: root, rest: path.slice(1), fromRoot: true }
    : { library: current, rest: path, fromRoot: false };
}
