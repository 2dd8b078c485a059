/** Warning headers, as real servers limit them: clients refuse answers whose headers are too long. */

/** Beyond so many characters in all, each warning is cut; what does not fit then is left out. */
const ALL_CHARACTERS = 4096;
const CUT_CHARACTERS = 256;

/** Values of `Warning` headers, each text once. */
export function warningHeaders(warnings: readonly string[]): string[] {
  const texts = [...new Set(warnings)].map((text) => [...text]);
  const isTooLong = texts.reduce((sum, { length }) => sum + length, 0) > ALL_CHARACTERS;
  return (isTooLong ? shortened(texts) : texts).map(header);
}

function shortened(texts: readonly string[][]): string[][] {
  let left = ALL_CHARACTERS;
  return texts
    .map((text) => text.slice(0, CUT_CHARACTERS))
    .filter(({ length }) => {
      left -= length;
      return left >= 0;
    });
}

/** Header values are bytes, which Node.js takes as the characters below 256: UTF-8 goes through as it is. */
function header(characters: readonly string[]): string {
  const text = characters.join("").replace(/\p{Cc}/gu, "?");
  return `299 - ${Buffer.from(`"${text.replace(/["\\]/g, "\\$&")}"`).toString("latin1")}`;
}
