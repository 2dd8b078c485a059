/** What was said about objects, so that it is said once, however often they are looked at. */

type Subject = { readonly metadata: { readonly uid?: string } };

export class Announcements {
  private readonly said = new Map<string, Set<string>>();

  /** Calls `tell` unless that has been said about the object since it was last forgotten. */
  announce({ metadata }: Subject, what: string, tell: () => void): void {
    const key = metadata.uid ?? "";
    const said = this.said.get(key) ?? new Set();
    if (said.has(what)) return;
    this.said.set(key, said.add(what));
    tell();
  }

  forget({ metadata }: Subject): void {
    this.said.delete(metadata.uid ?? "");
  }
}
