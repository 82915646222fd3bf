/** Reading values of unknown shape. */

/** What was received is not what it should be. */
export class Unreadable extends Error {}

/** A JSON object whose fields are asked for by name and type. */
export class Fields {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #path: string;

  constructor(value: unknown, path: string) {
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      throw new Unreadable(`${path} is not an object`);
    }
    this.#values = value as Record<string, unknown>;
    this.#path = path;
  }

  text(name: string): string {
    const value = this.#values[name];
    if (typeof value !== "string") throw new Unreadable(`${this.#path}.${name} is not a string`);
    return value;
  }

  optionalText(name: string): string | null {
    const value = this.#values[name];
    return typeof value === "string" ? value : null;
  }

  number(name: string): number {
    const value = this.#values[name];
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new Unreadable(`${this.#path}.${name} is not a number`);
    }
    return value;
  }

  flag(name: string): boolean {
    const value = this.#values[name];
    if (typeof value !== "boolean") throw new Unreadable(`${this.#path}.${name} is neither true nor false`);
    return value;
  }

  names(): string[] {
    return Object.keys(this.#values);
  }

  /** As it came. */
  value(name: string): unknown {
    return this.#values[name];
  }

  object(name: string): Fields {
    return new Fields(this.#values[name], `${this.#path}.${name}`);
  }

  optionalObject(name: string): Fields | null {
    return this.#values[name] == null ? null : this.object(name);
  }

  objects(name: string): Fields[] {
    const value = this.#values[name];
    if (!Array.isArray(value)) throw new Unreadable(`${this.#path}.${name} is not a list`);
    return value.map((element, index) => new Fields(element, `${this.#path}.${name}[${index}]`));
  }

  has(name: string): boolean {
    return this.#values[name] != null;
  }
}
