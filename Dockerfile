# syntax=docker/dockerfile:1
# dist/ is the same on every processor, so it is built on the builder's own and never emulated.
FROM --platform=$BUILDPLATFORM node:22-slim AS build
WORKDIR /app
# ONNX Runtime's installer would fetch GPU libraries; the CPU library is in its package.
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc ./
RUN npm ci
COPY nest-cli.json tsconfig.json tsconfig.build.json ./
COPY scripts scripts
COPY src src
RUN npm run build

FROM node:22-slim AS packages
WORKDIR /app
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc ./
COPY scripts/prune-packages.mjs scripts/
# Native TensorFlow (SavedModels, TensorFlow.js on it) is left out: it adds about a gigabyte. With it: --build-arg TENSORFLOW=true
ARG TENSORFLOW=false
RUN if [ "$TENSORFLOW" = true ]; then npm ci --omit=dev && node scripts/prune-packages.mjs --keep-tensorflow; \
    else npm ci --omit=dev --ignore-scripts && node scripts/prune-packages.mjs; fi
# The list of what ships. `npm sbom --omit=dev` would leave out every package that a development tool needs as well, and without
# that option all development tools are missing: so nothing asks for them here.
RUN npm pkg delete devDependencies && npm sbom --sbom-type=application --sbom-format=cyclonedx > sbom.cdx.json

FROM node:22-slim
WORKDIR /app
# tini is the first process: the kernel would spare a Node in its place all signals, its own SIGKILL too. Text models that
# scikit-learn's converter writes lower-case by the rules of en_US.UTF-8, and do not load without that locale.
# hadolint ignore=DL3008
RUN apt-get update && apt-get install -y --no-install-recommends locales tini \
 && sed -i 's/^# *\(en_US.UTF-8 UTF-8\)/\1/' /etc/locale.gen && locale-gen \
 && rm -rf /var/lib/apt/lists/*
ENV LANG=en_US.UTF-8 NODE_ENV=production ORT_DISABLE_TELEMETRY=1 PORT=5000 MODELS_DIR=/models MLFLOW_CACHE_DIR=/cache/mlflow MODEL_CACHE_DIR=/cache/models \
    STATE_DIR=/state ALLOW_EMPTY=true SHUTDOWN_DELAY_MS=5000
# The C library gives the memory of large calls back to the system: 10,000 texts in a request leave 30 MB instead of 400.
ENV MALLOC_MMAP_THRESHOLD_=262144 MALLOC_TRIM_THRESHOLD_=262144
# /state: pins, history and the contracts clients rely on. /cache: what was fetched from MLflow, and weights. Volumes here outlive the container.
RUN install -d -o 1000 -g 1000 /state /cache
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=packages /app/sbom.cdx.json ./
COPY package.json LICENSE ./
COPY scripts/healthcheck.sh scripts/
COPY schemas schemas
COPY models /models
# A number: Kubernetes' runAsNonRoot cannot judge a name.
USER 1000:1000
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s CMD ["scripts/healthcheck.sh"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "dist/main.js"]
ARG VERSION REVISION CREATED
LABEL org.opencontainers.image.title="bestrun" \
      org.opencontainers.image.description="Serves the best run of a trained model as a typed, documented REST API" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="$VERSION" \
      org.opencontainers.image.revision="$REVISION" \
      org.opencontainers.image.created="$CREATED"
