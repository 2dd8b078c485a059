/** Who has to look again when a hosted repository changes, by the directory they read. */
export class Followers {
  private readonly following = new Map<string, { path: string; directory: string }>();
  private readonly repositories = new Map<string, Map<string, Set<string>>>();

  /** `key` now follows a directory of the repository at `path`, and nothing else; without a path: nothing. */
  follow(key: string, path: string | undefined, directory = ""): void {
    const before = this.following.get(key);
    if (before?.path === path && before?.directory === directory) return;
    if (before) this.repositories.get(before.path)?.get(before.directory)?.delete(key);
    this.following.delete(key);
    if (path === undefined) return;
    this.following.set(key, { path, directory });
    const directories = this.repositories.get(path) ?? new Map<string, Set<string>>();
    this.repositories.set(path, directories.set(directory, (directories.get(directory) ?? new Set()).add(key)));
  }

  /** Everybody who follows the repository at `path`. */
  of(path: string): readonly string[] {
    return [...(this.repositories.get(path)?.values() ?? [])].flatMap((keys) => [...keys]);
  }

  /** Those of them who follow a directory that one of the changed files is in. The cost does not grow with the followers. */
  touchedBy(path: string, files: readonly string[]): readonly string[] {
    const directories = this.repositories.get(path);
    if (!directories) return [];
    const touched = new Set(files.flatMap(ancestors));
    return [...touched].flatMap((directory) => [...(directories.get(directory) ?? [])]);
  }
}

function ancestors(file: string): string[] {
  const segments = file.split("/");
  return segments.map((_, length) => segments.slice(0, length).join("/"));
}
