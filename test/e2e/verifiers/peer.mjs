// One end of a mutual-TLS connection. It reads its part as JSON from stdin and writes JSON lines to
// stdout: {port} once it listens, as a server only, and then how the connection went.
import fs from "node:fs";
import process from "node:process";
import tls from "node:tls";

const { role, port, servername, greeting, ...files } = JSON.parse(fs.readFileSync(0, "utf8"));
const host = "127.0.0.1";
const options = { ...files, rejectUnauthorized: true };

const say = (message, then) => process.stdout.write(JSON.stringify(message) + "\n", then);
const finish = (outcome) => say(outcome, () => process.exit(0));
const fail = (error, code) => finish({ code: code ?? error.code, message: error.message });
const closed = () => finish({ message: "connection closed before the greeting came back" });

function client() {
  const socket = tls.connect({ ...options, host, port, servername }, () => socket.write(greeting));
  socket.on("data", (data) => finish({ authorized: socket.authorized, echo: data.toString() }));
  socket.on("error", fail);
  socket.on("close", closed);
}

function server() {
  const listener = tls.createServer({ ...options, requestCert: true }, (socket) => {
    socket.on("data", (data) =>
      socket.end(data, () => finish({ authorized: socket.authorized, echo: data.toString() })));
    socket.on("error", fail);
    socket.on("close", closed);
  });
  // node reports the reason only in the socket; bun passes no socket and reports it in the error.
  listener.on("tlsClientError", (error, socket) => fail(error, socket?.authorizationError));
  listener.listen(0, host, () => say({ port: listener.address().port }));
}

({ client, server })[role]();
