/** Members that a JSON text gives twice. JSON.parse takes the last one and says nothing. */

/** The paths of repeated members, in the order of the text, which must be valid JSON. */
export function repeatedFields(text: string, value: unknown): string[] {
  if (text.trim().length === (JSON.stringify(value)?.length ?? 0)) return [];
  const found: string[] = [];
  new Scanner(text, found).value("");
  return found;
}

const DELIMITER = /[\s,:[\]{}"]/;

class Scanner {
  private readonly text: string;
  private readonly found: string[];
  private at = 0;

  constructor(text: string, found: string[]) {
    this.text = text;
    this.found = found;
  }

  value(path: string): void {
    this.space();
    const first = this.text[this.at];
    if (first === "{") this.object(path);
    else if (first === "[") this.array(path);
    else if (first === '"') this.string();
    else while (this.at < this.text.length && !DELIMITER.test(this.text[this.at] ?? "")) this.at++;
  }

  private object(path: string): void {
    const names = new Set<string>();
    this.at++;
    for (this.space(); this.text[this.at] === '"'; this.space()) {
      const name = JSON.parse(this.string()) as string;
      const below = path ? `${path}.${name}` : name;
      if (names.has(name)) this.found.push(below);
      names.add(name);
      this.space();
      this.at++;
      this.value(below);
      this.comma();
    }
    this.at++;
  }

  private array(path: string): void {
    this.at++;
    this.space();
    for (let index = 0; this.at < this.text.length && this.text[this.at] !== "]"; index++) {
      this.value(`${path}[${index}]`);
      this.comma();
      this.space();
    }
    this.at++;
  }

  private comma(): void {
    this.space();
    if (this.text[this.at] === ",") this.at++;
  }

  private string(): string {
    const start = this.at++;
    while (this.at < this.text.length && this.text[this.at] !== '"') this.at += this.text[this.at] === "\\" ? 2 : 1;
    this.at++;
    return this.text.slice(start, this.at);
  }

  private space(): void {
    while (/\s/.test(this.text[this.at] ?? "")) this.at++;
  }
}
