"use strict";
// What the program uses of prom-client. The package's own index evaluates its push gateway, clusters and default metrics, too.
module.exports = {
  Counter: require("prom-client/lib/counter"),
  Gauge: require("prom-client/lib/gauge"),
  Histogram: require("prom-client/lib/histogram"),
  Registry: require("prom-client/lib/registry"),
};
