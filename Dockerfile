# dolor and its workflow in one image:  docker build -t dolor .
#   docker run --rm -u "$(id -u):$(id -g)" -v "$PWD:/data" dolor run my_study.yaml --cores 4
FROM python:3.11-slim AS build
RUN pip install --no-cache-dir build
COPY . /source
RUN python -m build --wheel --outdir /wheel /source

FROM python:3.11-slim
# What the compiled packages load at run time.
RUN apt-get update \
    && apt-get install --yes --no-install-recommends libgomp1 \
    && rm -rf /var/lib/apt/lists/*
COPY --from=build /wheel /wheel
COPY constraints/py311.txt /wheel/constraints.txt
RUN pip install --no-cache-dir --constraint /wheel/constraints.txt /wheel/*.whl && rm -rf /wheel
# Whoever the container runs as can write here; caches do not outlive it.
ENV HOME=/tmp MPLCONFIGDIR=/tmp/matplotlib NUMBA_CACHE_DIR=/tmp/numba
RUN dolor doctor
WORKDIR /data
ENTRYPOINT ["dolor"]
CMD ["--help"]
