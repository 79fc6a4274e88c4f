# One start_NAME PORT function a server, sourced by start.sh. Each is `run` (lib.sh) + the lines to print. All speak plain HTTP on loopback;
# a registry's endpoint is HOST:PORT, as in an image reference, that of an object store a URL. Kubernetes is in kubernetes.sh.

declare -A OFFSET=([distribution]=0 [docker-registry]=1 [distribution-auth]=2 [cue-oci]=3
  [moto]=10 [versitygw]=11 [fake-gcs]=12
  [firestore]=20 [pubsub]=21 [mongo-java]=23 [kafka]=25 [etcd]=30 [kube-apiserver]=32 [postgresql]=40 [redis]=41)   # default port = PROV_PORTS + this

registry_config() { # NAME PORT [MORE-YAML]
  cat >"$VAR/$1/config.yml" <<Y
version: 0.1
log: {level: info}
storage:
  filesystem: {rootdirectory: "$VAR/$1/data"}
  delete: {enabled: true}
http: {addr: 127.0.0.1:$2}
${3:-}
Y
}

start_distribution() { # CNCF distribution 3: no referrers API
  need registry distribution
  registry_config distribution "$1"
  run distribution "$1" "get http://127.0.0.1:$1/v2/" env OTEL_TRACES_EXPORTER=none registry serve "$VAR/distribution/config.yml"
  say DISTRIBUTION "127.0.0.1:$1"
}

start_docker_registry() { # Debian's docker-registry (distribution 2.8): no referrers API
  need docker-registry
  registry_config docker-registry "$1"
  run docker-registry "$1" "get http://127.0.0.1:$1/v2/" docker-registry serve "$VAR/docker-registry/config.yml"
  say DOCKER_REGISTRY "127.0.0.1:$1"
}

start_distribution_auth() { # distribution 3 behind basic authentication
  need registry distribution-auth; need htpasswd
  local dir=$VAR/distribution-auth
  [ -s "$dir/htpasswd" ] || htpasswd -Bbn prov s3cret >"$dir/htpasswd"
  registry_config distribution-auth "$1" "auth: {htpasswd: {realm: prov-test, path: \"$dir/htpasswd\"}}"
  run distribution-auth "$1" "[ \$(status http://127.0.0.1:$1/v2/) = 401 ]" env OTEL_TRACES_EXPORTER=none registry serve "$dir/config.yml"
  say DISTRIBUTION_AUTH "127.0.0.1:$1"; say DISTRIBUTION_AUTH_USER prov; say DISTRIBUTION_AUTH_PASSWORD s3cret
}

start_cue_oci() { # has the OCI 1.1 referrers API; all in memory
  need cue-oci
  run cue-oci "$1" "get http://127.0.0.1:$1/v2/" cue-oci "127.0.0.1:$1"
  say CUE_OCI "127.0.0.1:$1"
}

start_moto() { # S3 and other AWS APIs: takes any credentials; in memory
  need moto_server moto
  run moto "$1" "get http://127.0.0.1:$1/moto-api/" moto_server -H 127.0.0.1 -p "$1"
  say MOTO "http://127.0.0.1:$1"
}

start_versitygw() { # S3 that checks signatures; wants a file system with extended attributes
  need versitygw
  mkdir -p "$VAR/versitygw/data"
  run versitygw "$1" "[[ \$(status http://127.0.0.1:$1/) =~ ^(200|403)\$ ]]" \
    env ROOT_ACCESS_KEY=prov ROOT_SECRET_KEY=provsecret versitygw --port "127.0.0.1:$1" --quiet posix "$VAR/versitygw/data"
  say VERSITYGW "http://127.0.0.1:$1"; say VERSITYGW_ACCESS_KEY prov; say VERSITYGW_SECRET_KEY provsecret
}

start_fake_gcs() { # Google Cloud Storage's JSON API; in memory
  need fake-gcs-server fake-gcs
  local url=http://127.0.0.1:$1
  run fake-gcs "$1" "get $url/_internal/healthcheck" \
    fake-gcs-server -scheme http -host 127.0.0.1 -port "$1" -backend memory -external-url "$url" -public-host "127.0.0.1:$1"
  say FAKE_GCS "$url"
}

start_mongo_java() { # an imitation of MongoDB: see src/mongo-java/Main.java
  need mongo-java
  run mongo-java "$1" "exec 3<>/dev/tcp/127.0.0.1/$1" mongo-java 127.0.0.1 "$1"
  say MONGO_JAVA "mongodb://127.0.0.1:$1"
}

start_firestore() { # Google's emulator; in memory
  need firestore-emulator firestore
  run firestore "$1" "get http://127.0.0.1:$1/ | grep -qi ok" firestore-emulator --host=127.0.0.1 --port="$1"
  say FIRESTORE "127.0.0.1:$1"
}

start_pubsub() { # Google's emulator; in memory
  need pubsub-emulator pubsub
  run pubsub "$1" "get http://127.0.0.1:$1/ | grep -qi ok" pubsub-emulator --host=127.0.0.1 --port="$1"
  say PUBSUB "127.0.0.1:$1"
}

start_kafka() { # Apache Kafka, one node that is its own controller, on the port after
  need kafka-java kafka
  local data=$VAR/kafka/data config=$VAR/kafka/server.properties
  cat >"$config" <<P
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$(($1 + 1))
listeners=PLAINTEXT://127.0.0.1:$1,CONTROLLER://127.0.0.1:$(($1 + 1))
advertised.listeners=PLAINTEXT://127.0.0.1:$1
controller.listener.names=CONTROLLER
log.dirs=$data
auto.create.topics.enable=false
offsets.topic.replication.factor=1
P
  [ -f "$data/meta.properties" ] || kafka-java kafka.tools.StorageTool format -t MkU3OEVBNTcwNTJENDM2Qk -c "$config" >/dev/null 2>&1
  run kafka "$1" "exec 3<>/dev/tcp/127.0.0.1/$1" kafka-java kafka.Kafka "$config"
  say KAFKA "127.0.0.1:$1"
}

unprivileged() { # PostgreSQL runs for nobody who is root; in a user namespace root is another user, who still may read the kit's folder
  if [ "$(id -u)" != 0 ]; then "$@"; else unshare --user --map-user=1000 --map-group=1000 -- "$@"; fi
}

start_postgresql() { # a cluster of its own in the kit's folder; every database user comes in from loopback by password
  need postgres postgresql; need initdb postgresql
  local dir=$VAR/postgresql/data as=()
  if [ ! -f "$dir/PG_VERSION" ]; then
    rm -rf "$dir"
    unprivileged initdb -D "$dir" -U prov --auth=scram-sha-256 --pwfile=<(echo s3cret) -E UTF8 --locale=C >"$VAR/postgresql.initdb.log" 2>&1 ||
      { tail -3 "$VAR/postgresql.initdb.log" >&2; rm -rf "$dir"; fail "postgresql: initdb failed, see $VAR/postgresql.initdb.log"; }
  fi
  [ "$(id -u)" != 0 ] || as=(unshare --user --map-user=1000 --map-group=1000 --)
  run postgresql "$1" "exec 3<>/dev/tcp/127.0.0.1/$1 && grep -q 'ready to accept connections' '$VAR/postgresql.log'" "${as[@]}" \
    postgres -D "$dir" -p "$1" -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c max_connections=200 -c max_prepared_transactions=0
  say POSTGRESQL "postgres://prov@127.0.0.1:$1/postgres"; say POSTGRESQL_PASSWORD s3cret
}

start_redis() { # all in memory; each test takes a namespace of its own, or a server of its own from test/search
  need redis-server redis
  run redis "$1" "exec 3<>/dev/tcp/127.0.0.1/$1" \
    redis-server --port "$1" --bind 127.0.0.1 --save '' --appendonly no --maxmemory-policy noeviction --dir "$VAR/redis"
  say REDIS "redis://127.0.0.1:$1"
}

. "$KIT/kubernetes.sh"
