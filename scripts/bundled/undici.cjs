"use strict";
// What the program uses of undici. The package's own index evaluates all of it, fetch, WebSocket, mocks and caches included.
const Dispatcher = require("undici/lib/dispatcher/dispatcher");
const api = require("undici/lib/api");
const { getGlobalDispatcher } = require("undici/lib/global");

Object.assign(Dispatcher.prototype, api);

module.exports = {
  Agent: require("undici/lib/dispatcher/agent"),
  Client: require("undici/lib/dispatcher/client"),
  ProxyAgent: require("undici/lib/dispatcher/proxy-agent"),
  errors: require("undici/lib/core/errors"),
  request(url, { dispatcher = getGlobalDispatcher(), ...options } = {}) {
    const { origin, pathname, search } = new URL(url);
    return api.request.call(dispatcher, { method: "GET", ...options, origin, path: `${pathname}${search}` });
  },
};
