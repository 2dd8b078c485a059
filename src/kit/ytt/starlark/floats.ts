/** Floats as text the way Go formats them (`strconv.FormatFloat`). */

/** Precision -1 is the shortest text that reads back as the same float. */
export function formatFloat(value: number, verb: "e" | "f" | "g", precision: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  const size = Math.abs(value);
  if (verb === "f") return sign + fixed(size, precision);
  if (verb === "e") return sign + exponent(size.toExponential(precision));
  return sign + general(size, precision);
}

/** `toFixed` gives exponents from 1e21 on; integers of that size are exact as bigint. */
function fixed(size: number, precision: number): string {
  if (size < 1e21) return size.toFixed(precision);
  return `${BigInt(size)}${precision > 0 ? `.${"0".repeat(precision)}` : ""}`;
}

/** At least two digits in the exponent, as in C. */
function exponent(text: string): string {
  return text.replace(/e([+-])(\d)$/, "e$10$2");
}

function general(size: number, precision: number): string {
  const shortest = precision < 0;
  const parts = shortest ? size.toExponential() : size.toExponential(Math.max(precision, 1) - 1);
  const [mantissa = "", power = "0"] = parts.split("e");
  const digits = mantissa.replace(".", "").replace(/0+$/, "") || "0";
  const scale = Number(power);
  if (scale < -4 || scale >= (shortest ? 6 : precision)) {
    const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return exponent(`${digits[0]}${fraction}e${scale < 0 ? "-" : "+"}${Math.abs(scale)}`);
  }
  if (scale < 0) return `0.${"0".repeat(-scale - 1)}${digits}`;
  const whole = digits.slice(0, scale + 1).padEnd(scale + 1, "0");
  const rest = digits.slice(scale + 1);
  return rest ? `${whole}.${rest}` : whole;
}
