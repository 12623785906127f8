# The agent's image: one bundle of JavaScript, Node.js, the C library, nothing else that runs.
# Build: docker build -t hairpin-probe:TAG .                              (amd64 and arm64; what is bundled is the same for both)
#        docker build -t hairpin-probe:TAG-capture --target capture .     (with tcpdump, for evidence level `capture`)

# Bundles on the builder's own processor, whatever the image is for.
FROM --platform=$BUILDPLATFORM node:26-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json .npmrc ./
# The runtime that development pins by npm is not needed here: the image has its own.
RUN npm ci --ignore-scripts
COPY scripts/bundle.ts scripts/
COPY scripts/bundled scripts/bundled
COPY src ./src
# For kubectl exec there is a link: hairpin-probe check shop/web.
RUN node scripts/bundle.ts /image/app/dist \
    && cp package.json /image/app/ \
    && mkdir -p /image/usr/local/bin && ln -s /app/dist/main.js /image/usr/local/bin/hairpin-probe

# Node.js for the processor that the image is for; the current LTS line.
FROM node:26-bookworm-slim AS node

FROM node AS capture
USER root
RUN apt-get update && apt-get install -y --no-install-recommends tcpdump && rm -rf /var/lib/apt/lists/*
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="hairpin-probe" \
      org.opencontainers.image.description="Finds, measures and explains hairpin timeouts of internal AWS NLBs" \
      org.opencontainers.image.source="https://github.com/hairpin-probe/hairpin-probe" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=build /image/ /
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
EXPOSE 9867
ENTRYPOINT ["/usr/local/bin/node", "--optimize-for-size", "--max-semi-space-size=2", "--v8-pool-size=1", "--no-parallel-scavenge", "--memory-reducer-delay-ms=20000", "/app/dist/main.js"]
CMD ["agent"]

# The C and C++ libraries that Node.js needs, certificates, time zones; no shell, no package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
ARG VERSION=0.1.0
ARG REVISION=
LABEL org.opencontainers.image.title="hairpin-probe" \
      org.opencontainers.image.description="Finds, measures and explains hairpin timeouts of internal AWS NLBs" \
      org.opencontainers.image.source="https://github.com/hairpin-probe/hairpin-probe" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION"
COPY --from=node /usr/local/bin/node /usr/local/bin/node
# Node.js needs it since version 25, and it is the only library that the base does not have.
COPY --from=node /usr/lib/*-linux-gnu/libatomic.so.1 /usr/local/lib/
ENV LD_LIBRARY_PATH=/usr/local/lib
COPY --from=build /image/ /
# One arena of the C library's is enough for a program of one thread, and a few MB less than one for each that V8 has.
ENV NODE_ENV=production MALLOC_ARENA_MAX=1
# Nobody in particular; the numeric form lets runAsNonRoot be checked without reading the image.
USER 65532:65532
EXPOSE 9867
# An agent lives for months and allocates little: V8 is to keep its heap small rather than put collections off, with one thread besides,
# since each that it wakes for a share of a megabyte costs more than it does; and to collect all of it again because it is idle, which it
# always is, every 20 s at most: that frees what the first list of a large cluster leaves, and next to nothing later.
ENTRYPOINT ["/usr/local/bin/node", "--optimize-for-size", "--max-semi-space-size=2", "--v8-pool-size=1", "--no-parallel-scavenge", "--memory-reducer-delay-ms=20000", "/app/dist/main.js"]
CMD ["agent"]
