// node --import loopback.mjs SERVER: what would listen on every address listens on 127.0.0.1.
import { Server } from "node:net";

const listen = Server.prototype.listen;
Server.prototype.listen = function (port, host, ...rest) {
	return typeof host === "string" || !Number.isInteger(port) ? listen.call(this, port, host, ...rest)
		: listen.call(this, port, "127.0.0.1", ...[host, ...rest].filter((x) => x !== undefined));
};
