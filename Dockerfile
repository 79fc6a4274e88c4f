# docker build -t prov . && docker run --rm -v "$PWD:/work" prov verify --storage tekton --key cosign.pub run.yaml
FROM node:24-slim AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --ignore-scripts
COPY build.ts eager.ts tsconfig.json tsconfig.build.json ./
COPY bin bin
COPY src src
COPY backends backends
COPY test/conformance test/conformance
RUN node build.ts

FROM node:24-slim
ENV NODE_ENV=production
COPY --from=build /src/package.json /opt/prov/package.json
COPY --from=build /src/bin /opt/prov/bin
COPY --from=build /src/dist /opt/prov/dist
RUN ln -s /opt/prov/bin/prov.js /usr/local/bin/prov && prov --version
LABEL org.opencontainers.image.title="prov"
LABEL org.opencontainers.image.description="Sign provenance once, store the same signed bytes in every backend, prove that all copies agree"
LABEL org.opencontainers.image.licenses="Apache-2.0"
LABEL org.opencontainers.image.url="https://example.com/prov"
LABEL org.opencontainers.image.source="https://example.com/prov.git"
LABEL org.opencontainers.image.documentation="https://example.com/prov/docs"
LABEL org.opencontainers.image.version="0.1.0"
# The account `node` of the image, by number: Kubernetes has to see that it is not root.
USER 1000:1000
WORKDIR /work
ENTRYPOINT ["/opt/prov/bin/prov.js"]
CMD ["--help"]
