# pnas as a tool, in an image of its own. CI has no Docker: it does not build this file, it only checks what the
# file copies. Both images end with `pnas --version`, so that one that cannot start is never built.
#
#   docker build --target cpu -t pnas .
#   docker build --target gpu -t pnas:gpu .
#   docker run --rm -it --user "$(id -u):$(id -g)" -v "$PWD:/work" pnas name=quickstart
#   docker run --rm -it --gpus all --user "$(id -u):$(id -g)" -v "$PWD:/work" pnas:gpu name=quickstart trainer.device=gpu

FROM python:3.12-slim AS wheel
WORKDIR /source
COPY pyproject.toml setup.py README.md ./
COPY conf conf
COPY pnas pnas
RUN pip wheel --no-cache-dir --no-deps --wheel-dir /wheels .

FROM python:3.12-slim AS base
# Home of whatever user the container is started as: Keras keeps downloaded data sets there.
ENV HOME=/tmp PYTHONUNBUFFERED=1
COPY --from=wheel /wheels /wheels
WORKDIR /work
ENTRYPOINT ["pnas"]

FROM base AS gpu
RUN pip install --no-cache-dir "$(echo /wheels/pnas-*.whl)[gpu,predictors,onnx]"
RUN pnas --version

FROM base AS cpu
RUN pip install --no-cache-dir "$(echo /wheels/pnas-*.whl)[predictors,onnx]"
RUN pnas --version
