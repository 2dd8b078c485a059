import { createServer } from "node:http";
import ms from "ms";

const greeting = "Hello from Slipway";
const started = Date.now();

const server = createServer((_request, response) => {
  response.setHeader("content-type", "text/plain");
  response.end(`${greeting}\nrevision ${process.env.K_REVISION ?? "none"}, up ${ms(Date.now() - started)}\n`);
});

server.listen(Number(process.env.PORT ?? 8080), () => console.log(`listening on ${server.address().port}`));
process.on("SIGTERM", () => server.close(() => process.exit(0)));
