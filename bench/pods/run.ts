/** `node run.ts SCENARIO`: measures one scenario and prints its metrics as one line of JSON. */
import { SCENARIOS } from "./scenarios.ts";

const [name = ""] = process.argv.slice(2);
const scenario = SCENARIOS[name];
if (!scenario) throw new Error(`no such scenario: ${name}; there are ${Object.keys(SCENARIOS).join(", ")}`);
console.log(JSON.stringify(await scenario()));
