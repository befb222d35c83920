"""The nginx configuration, as text, from a plan."""

import os
import pwd
from string import Template

from service.edge.plan import EdgePlan
from service.edge.problems import PROBLEMS

# Each field is a cheap one: the id is counted, not drawn, and unique by the start that it begins with.
LOG_FIELDS = {
    "request_id": "$start-$connection-$connection_requests",
    "ended_s": "$msec",
    "took_s": "$request_time",
    "method": "$request_method",
    "path": "$path",
    "status": "$status",
    "body_bytes": "$body_bytes_sent",
    "content_range": "$sent_http_content_range",
    "address": "$remote_addr",
    "user_agent": "$http_user_agent",
    "referrer": "$http_referer",
}
TYPES = """application/rss+xml xml; audio/mpeg mp3; audio/x-m4a m4a; audio/ogg opus ogg; image/jpeg jpg; image/png png;
    application/json+chapters chapters.json; application/json json; text/vtt vtt; application/x-subrip srt;
    text/html html; text/plain txt;"""

_MAIN = Template("""# Written by the service at every start; changes here do not last.
daemon off;
$user
pid $runtime/nginx.pid;
error_log stderr crit;
pcre_jit on;
worker_processes $workers;
worker_rlimit_nofile 8192;
events { worker_connections 2048; }
http {
  types { $types }
  default_type application/octet-stream;
  # Tokens and signatures stay out of the log; a signed path is logged as the file it stands for.
  map $$request_uri $$logged_path {
    "~^/(?<room>feeds|m)/private/" "/$$room/private/-";
    "~^/s/[^/]+/[0-9]+/(?<signed_file>[^?]*)" "/m/$$signed_file";
    "~^(?<plain>[^?]*)" "$$plain";
  }
  log_format asked escape=json '$log_format';
  # Of files that were found: their addresses are plain.
  log_format served escape=json '$log_format_of_files';
  access_log $access_log asked buffer=64k flush=1s;
  $temp_paths
  server_tokens off;
  sendfile on;
  tcp_nopush on;
  # A client that sends or takes its time holds a buffer here, never a worker of the service.
  client_header_timeout ${header_timeout}s;
  client_body_timeout ${body_timeout}s;
  send_timeout ${send_timeout}s;
  reset_timedout_connection on;
  large_client_header_buffers 4 8k;
  client_max_body_size $body_bytes;
  limit_conn_zone $$binary_remote_addr zone=clients:4m;
  limit_conn clients $connections;
  limit_conn_status 429;
  upstream service { server $service; keepalive 64; }
$upstreams
  server {
    listen $listen backlog=1024;
$trusted
    max_ranges 8;
    add_header X-Content-Type-Options nosniff always;
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    proxy_set_header Host $$http_host;
    proxy_set_header X-Forwarded-For $$remote_addr;
    proxy_set_header X-Forwarded-Proto $$scheme;
    proxy_set_header X-Request-Id "$start-$$connection-$$connection_requests";
    proxy_connect_timeout 5s;
    proxy_next_upstream off;
$problems
    location ^~ /feeds/ {
      alias $feeds/;
      access_log $access_log served buffer=64k flush=1s;
      types { "application/rss+xml; charset=utf-8" xml; }
      gzip_static on;
      # not by gzip_vary, which opens the gzip for those too who do not want it
      add_header Vary Accept-Encoding;
      add_header Cache-Control "public, max-age=$feed_max_age";
      add_header Access-Control-Allow-Origin *;
      add_header X-Content-Type-Options nosniff;
    }
    location ^~ /feeds/private/ { proxy_pass http://service; }
    location ^~ /m/private/ { proxy_pass http://service; }
$media_locations
    location ^~ /internal/ { return 404; }
    location = /metrics { allow 127.0.0.1; allow ::1; deny all; proxy_pass http://service; }
    location ^~ /v1/uploads {
      # Pieces of an upload are kept as they come, so that a broken one goes on where it broke.
      client_max_body_size 0;
      client_body_buffer_size 64k;
      proxy_request_buffering off;
      proxy_read_timeout 300s;
      proxy_pass http://service;
    }
    location ^~ /studio/uploads/ {
      client_max_body_size 0;
      client_body_buffer_size 64k;
      proxy_request_buffering off;
      proxy_read_timeout 300s;
      proxy_pass http://service;
    }
    location / { proxy_pass http://service; }
  }
}
""")
_LOCAL_MEDIA = """    location ^~ /m/ {
      root $media/public;
      access_log $access_log served buffer=64k flush=1s;
      $headers
    }
    location ~ "^/s/(?<signature>[A-Za-z0-9_-]{22})/(?<expires>[0-9]{1,12})/(?<file>[A-Za-z0-9_./-]+)$$" {
      secure_link $$signature,$$expires;
      secure_link_md5 "$$expires/$$file $secret";
      if ($$secure_link = "") { return 403; }
      if ($$secure_link = "0") { return 410; }
      alias $media/private/m/$$file;
      add_header Cache-Control "private, no-store";
      add_header X-Content-Type-Options nosniff;
    }
"""
_BUCKET_MEDIA = """    location ^~ /m/ {
      set $$object public$$uri;
      $from_bucket
      $headers
    }
    location ~ "^/s/(?<signature>[A-Za-z0-9_-]{22})/(?<expires>[0-9]{1,12})/(?<file>[A-Za-z0-9_./-]+)$$" {
      set $$object private/m/$$file;
      secure_link $$signature,$$expires;
      secure_link_md5 "$$expires/$$file $secret";
      if ($$secure_link = "") { return 403; }
      if ($$secure_link = "0") { return 410; }
      $from_bucket
      add_header Cache-Control "private, no-store";
      add_header X-Content-Type-Options nosniff;
    }
    location = /_sign {
      internal;
      proxy_pass http://service/internal/signed-object;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header X-Object $$object;
      proxy_set_header X-Edge-Key $secret;
      proxy_cache signed;
      proxy_cache_key $$object;
      proxy_cache_valid 200 60s;
    }
"""
_FROM_BUCKET = """if ($$request_method !~ ^(GET|HEAD)$$) { return 405; }
      auth_request /_sign;
      auth_request_set $$signed $$upstream_http_x_signed_path;
      proxy_pass $scheme://bucket$$signed;
      # Addresses are signed for GET; of a HEAD's answer nginx passes the headers on.
      proxy_method GET;
      proxy_set_header Host $host;
      proxy_set_header Authorization "";
      proxy_set_header Cookie "";
      proxy_ssl_server_name on;
      proxy_max_temp_file_size 0;
      proxy_hide_header x-amz-request-id;
      proxy_hide_header Set-Cookie;
      proxy_intercept_errors on;"""
_MEDIA_HEADERS = """add_header Cache-Control "public, max-age=31536000, immutable";
      add_header Access-Control-Allow-Origin *;
      add_header Access-Control-Expose-Headers "Content-Range";
      add_header X-Content-Type-Options nosniff;"""


def nginx_conf(plan: EdgePlan) -> str:
    """The whole configuration file."""
    return _MAIN.substitute(
        user=_user_line(),
        runtime=plan.runtime,
        workers=plan.workers,
        types=TYPES,
        start=plan.start,
        log_format=_log_format(plan, "$logged_path"),
        log_format_of_files=_log_format(plan, "$uri"),
        access_log=plan.access_log,
        temp_paths=" ".join(
            f"{kind}_temp_path {plan.runtime}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
        ),
        header_timeout=plan.header_timeout_s,
        body_timeout=plan.body_timeout_s,
        send_timeout=plan.send_timeout_s,
        body_bytes=plan.body_bytes,
        connections=plan.connections_per_client,
        service=plan.service,
        upstreams=_upstreams(plan),
        listen=plan.listen,
        trusted=_trusted(plan),
        problems=_problem_pages(plan),
        feeds=plan.feeds,
        feed_max_age=plan.feed_max_age_s,
        media_locations=_media(plan),
    )


def _log_format(plan: EdgePlan, path: str) -> str:
    line = ",".join(f'"{name}":"{value}"' for name, value in LOG_FIELDS.items())
    return "{" + line.replace("$start", plan.start).replace("$path", path) + "}"


def _trusted(plan: EdgePlan) -> str:
    """Whose word on a client's address is taken; nobody's without the setting."""
    lines = [f"    set_real_ip_from {network};" for network in plan.trusted_proxies]
    return "\n".join([*lines, "    real_ip_header X-Forwarded-For;", "    real_ip_recursive on;"]) if lines else ""


def _user_line() -> str:
    """As root, workers stay the user that owns the files; otherwise nginx has no choice and says so if told."""
    return f"user {pwd.getpwuid(os.geteuid()).pw_name};" if os.geteuid() == 0 else ""


def _upstreams(plan: EdgePlan) -> str:
    if plan.bucket is None:
        return ""
    host, _, port = plan.bucket.host.partition(":")
    port = port or ("443" if plan.bucket.scheme == "https" else "80")
    cache = f"  proxy_cache_path {plan.runtime}/signed keys_zone=signed:4m max_size=16m inactive=2m;"
    return f"  upstream bucket {{ server {host}:{port}; keepalive 16; }}\n{cache}"


def _media(plan: EdgePlan) -> str:
    if plan.bucket is None:
        return Template(_LOCAL_MEDIA).substitute(
            access_log=plan.access_log, media=plan.media, headers=_MEDIA_HEADERS, secret=plan.link_secret
        )
    fetch = Template(_FROM_BUCKET).substitute(scheme=plan.bucket.scheme, host=plan.bucket.host)
    return Template(_BUCKET_MEDIA).substitute(from_bucket=fetch, headers=_MEDIA_HEADERS, secret=plan.link_secret)


def _problem_pages(plan: EdgePlan) -> str:
    """What nginx itself refuses is a problem document too; a service that is away is 503 with a time to come back."""
    lines = [
        f"    error_page {' '.join(map(str, one.instead_of))} ={one.status} /_problem/{one.status};" for one in PROBLEMS
    ]
    for one in PROBLEMS:
        retry = ' add_header Retry-After "5" always;' if one.status in (429, 503) else ""
        lines.append(
            f"    location = /_problem/{one.status} {{ internal; default_type application/problem+json;"
            f" types {{ }} etag off; add_header Cache-Control no-store always;{retry}"
            f" alias {plan.runtime}/{one.status}.json; }}"
        )
    return "\n".join(lines)
