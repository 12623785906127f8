# The agent's image: compiled JavaScript, production packages, Node.js, nothing else that runs.
# Build: docker build -t hairpin-probe .       (amd64 and arm64; no package in it is native)

# One base for both stages: the Node.js that builds is the one that runs, for both architectures. It has a shell, which the agent
# does not use; a base without one would have to follow Node.js 26 as closely.
FROM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
# The runtime that development pins by npm is not needed here: the image has its own.
RUN npm ci --ignore-scripts
COPY src ./src
# The compiler counts as optional, too (a production package can use it), and would stay with --omit=dev alone.
RUN ./node_modules/.bin/tsc -p tsconfig.build.json && chmod 755 dist/cli/main.js \
    && npm prune --omit=dev --omit=optional --ignore-scripts

FROM node:26-bookworm-slim
LABEL org.opencontainers.image.title="hairpin-probe" \
      org.opencontainers.image.description="Finds, measures and explains hairpin timeouts of internal AWS NLBs"
ENV NODE_ENV=production
WORKDIR /app
COPY --from=build /build/package.json ./
COPY --from=build /build/node_modules ./node_modules
COPY --from=build /build/dist ./dist
# For kubectl exec: hairpin-probe check shop/web.
RUN ln -s /app/dist/cli/main.js /usr/local/bin/hairpin-probe
# Nobody in particular; the numeric form lets runAsNonRoot be checked without reading the image.
USER 65532:65532
EXPOSE 9867
# An agent lives for months and allocates little: V8 is to keep its heap small rather than put collections off.
ENTRYPOINT ["node", "--optimize-for-size", "--max-semi-space-size=2", "/app/dist/cli/main.js"]
CMD ["agent"]
