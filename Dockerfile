# syntax=docker/dockerfile:1
FROM node:24-slim AS assets
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev

FROM python:3.11-slim-bookworm
ENV PYTHONDONTWRITEBYTECODE=1 PYTHONUNBUFFERED=1 MALLOC_ARENA_MAX=2 POLKU_STATE=/var/lib/polku
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/polku --shell /usr/sbin/nologin polku
WORKDIR /app
COPY requirements.txt ./
RUN pip install --no-cache-dir --disable-pip-version-check -r requirements.txt && python -m compileall -q /usr/local/lib
COPY --from=assets /app/node_modules ./node_modules
COPY . .
RUN python -m compileall -q crm staff rest contacts funnel campaigns
USER polku
VOLUME /var/lib/polku
EXPOSE 8000
CMD ["python", "-m", "crm.serving", "0.0.0.0", "8000", "2", "8"]
