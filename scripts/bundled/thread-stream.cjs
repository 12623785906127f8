"use strict";
// pino's way to log in another thread, which the program does not go.
module.exports = class ThreadStream {
  constructor() {
    throw new Error("thread-stream is not bundled");
  }
};
