# One image for servers and for workers: see web/docs/several-machines.md.
FROM node:20-bookworm-slim AS build
WORKDIR /source
COPY . .
# onnxruntime-node's install script would fetch GPU binaries that are not needed.
ENV ONNXRUNTIME_NODE_INSTALL=skip
RUN npm install --no-audit --no-fund && npm pack --pack-destination /packed

FROM node:20-bookworm-slim
WORKDIR /app
ENV ONNXRUNTIME_NODE_INSTALL=skip LODESTONE_DATA=/data NODE_ENV=production
COPY --from=build /packed/*.tgz /tmp/lodestone.tgz
RUN npm init --yes >/dev/null && npm install --no-audit --no-fund /tmp/lodestone.tgz && rm /tmp/lodestone.tgz \
  && mkdir /data && chown node /data
USER node
VOLUME /data
EXPOSE 4242
# Node itself, so that it is the process that is told to end, and hands back what it works on.
ENTRYPOINT ["node", "/app/node_modules/lodestone/server/launch/bin.js"]
CMD ["start", "--host", "0.0.0.0"]
