/** Text templates as nodes: pieces of text under one root. */

export class TextPiece {
  readonly kind = "text";
  content: string;

  constructor(content = "") {
    this.content = content;
  }

  copy(): TextPiece {
    return new TextPiece(this.content);
  }
}

export class TextRoot {
  readonly kind = "text root";
  items: TextPiece[] = [];

  copy(): TextRoot {
    return new TextRoot();
  }

  get text(): string {
    return this.items.map(({ content }) => content).join("");
  }
}
