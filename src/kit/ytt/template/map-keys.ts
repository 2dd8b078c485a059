/** A key can occur once in a map. */
import { Fault } from "../errors.ts";
import type { MapItem, MapNode } from "../tree/nodes.ts";
import { keyText, shownKey } from "../tree/ordered-map.ts";

const OVERRIDE = "yaml/map-key-override";

/** Knows the keys of the maps that a template builds. */
export class MapKeys {
  readonly #implicit: boolean;
  readonly #known = new WeakMap<MapNode, Set<string>>();

  /** With `implicit` a key may always occur again. */
  constructor(implicit: boolean) {
    this.#implicit = implicit;
  }

  /** Removes the item that has the key of the new one. Throws Fault when that must not happen silently. */
  makeRoom(map: MapNode, item: MapItem, strict: boolean): void {
    if (Array.isArray(item.key)) throw new Fault("a list cannot be the key of a map item");
    const wanted = keyText(item.key);
    const known = this.#keysOf(map);
    if (!known.has(wanted)) {
      known.add(wanted);
      return;
    }
    if (strict && !this.#implicit && !item.annotations.has(OVERRIDE))
      throw new Fault(
        `expected key '${shownKey(item.key)}' to not be specified again (unless '${OVERRIDE}' annotation is added)`,
      );
    const index = map.items.findLastIndex(({ key }) => keyText(key) === wanted);
    if (index >= 0) map.items.splice(index, 1);
  }

  /** The items of the map were changed by someone else. */
  forget(map: MapNode): void {
    this.#known.delete(map);
  }

  #keysOf(map: MapNode): Set<string> {
    let known = this.#known.get(map);
    if (!known) {
      known = new Set(map.items.map(({ key }) => keyText(key)));
      this.#known.set(map, known);
    }
    return known;
  }
}
