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
COPY schemas schemas
COPY src src
RUN npm run build

FROM node:22-slim AS packages
WORKDIR /app
ENV ONNXRUNTIME_NODE_INSTALL=skip
COPY package.json package-lock.json .npmrc ./
# Native TensorFlow (SavedModels, TensorFlow.js on it) is left out: it adds about a gigabyte. With it: --build-arg OMIT=dev
ARG OMIT="dev optional"
# Only this platform's ONNX Runtime stays: the package brings them all (about 290 MB).
RUN npm ci $(for part in $OMIT; do printf -- '--omit=%s ' "$part"; done) \
 && node -e "const {readdirSync,rmSync}=require('node:fs'),root='node_modules/onnxruntime-node/bin/napi-v6';for(const os of readdirSync(root))for(const cpu of readdirSync(root+'/'+os))if(os!==process.platform||cpu!==process.arch)rmSync(root+'/'+os+'/'+cpu,{recursive:true})"

FROM node:22-slim
WORKDIR /app
# Text models that scikit-learn's converter writes lower-case by the rules of this locale, and do not load without it.
RUN apt-get update && apt-get install -y --no-install-recommends locales \
 && sed -i 's/^# *\(en_US.UTF-8 UTF-8\)/\1/' /etc/locale.gen && locale-gen \
 && rm -rf /var/lib/apt/lists/*
ENV LANG=en_US.UTF-8 NODE_ENV=production ORT_DISABLE_TELEMETRY=1 PORT=5000 MODELS_DIR=/models MLFLOW_CACHE_DIR=/tmp/bestrun-mlflow \
    STATE_DIR=/state ALLOW_EMPTY=true
# Pins, history and the contracts clients rely on; a volume here outlives the container.
RUN install -d -o node /state
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY package.json LICENSE ./
COPY schemas schemas
COPY models /models
USER node
EXPOSE 5000
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:'+process.env.PORT+'/readyz').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))"]
CMD ["node", "dist/main.js"]
