/** Which layers containers use, counted. */
export class LayerUse {
  private readonly counts = new Map<string, number>();

  /** Counts the layers as used; returns how to give them back, once however often it is called. */
  hold(layers: readonly string[]): () => void {
    let held = true;
    for (const layer of layers) this.counts.set(layer, (this.counts.get(layer) ?? 0) + 1);
    return () => {
      if (!held) return;
      held = false;
      for (const layer of layers) this.release(layer);
    };
  }

  /** The layers that are in use now. */
  inUse(): ReadonlySet<string> {
    return new Set(this.counts.keys());
  }

  private release(layer: string): void {
    const left = (this.counts.get(layer) ?? 0) - 1;
    if (left > 0) this.counts.set(layer, left);
    else this.counts.delete(layer);
  }
}
