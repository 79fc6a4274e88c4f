#!/usr/bin/env bash
# install.sh [NAME ...]   installs what the tests need and is missing, at pinned versions, into $PROV_SERVERS (default
# ~/.cache/prov-servers). No NAME: everything; else items of ALL below, or servers of start.sh.
# One line an item: present | installed in N s | not available: reason. Exit 1 if something asked for could not be had.
. "$(dirname "$0")/lib.sh"

ALL='cue-oci registry docker-registry htpasswd strace script zsh fish chromium cosign-v2 cosign-v3 fake-gcs moto versitygw mongo-java firestore pubsub kafka etcd kube-apiserver postgresql pgbouncer redis nats-server faketime'
MOTO=5.2.1
K8S=v1.36.3

declare -A GO=( # program -> package@version
  [registry]=github.com/distribution/distribution/v3/cmd/registry@v3.1.2
  [cosign-v2]=github.com/sigstore/cosign/v2/cmd/cosign@v2.6.5
  [cosign-v3]=github.com/sigstore/cosign/v3/cmd/cosign@v3.1.3
  [fake-gcs-server]=github.com/fsouza/fake-gcs-server@v1.56.1
  [nats-server]=github.com/nats-io/nats-server/v2@v2.12.0
  [versitygw]=github.com/versity/versitygw/cmd/versitygw@v1.8.0
)

needs() { # NAME -> items; a server's name stands for all that it needs
  case $1 in
    distribution) echo registry ;;
    distribution-auth) echo registry htpasswd ;;
    kube-apiserver) echo etcd kube-apiserver ;;
    *) echo "$1" ;;
  esac
}

# Each way to install returns 0 and leaves STATE=present|installed, or returns 1 with WHY.
STATE='' WHY=''
stamped() { [ -x "$BIN/$1" ] && [ "$(cat "$BIN/.$1" 2>/dev/null)" = "$2" ]; }
last_words() { WHY=$(grep -v '^\s*$' "$LOG" | tail -1 | cut -c1-200); return 1; }
need_go() { have go || { WHY='needs Go 1.26 or newer'; return 1; }; }

go_install() { # PROGRAM: go install names its output after the package, so build aside and move
  local at=${GO[$1]} aside
  if stamped "$1" "$at"; then STATE=present; return 0; fi
  need_go || return 1
  aside=$(mktemp -d "$BIN/.build.XXXXXX")
  if GOBIN=$aside CGO_ENABLED=0 go install -ldflags='-s -w' "$at" >"$LOG" 2>&1; then
    mv "$aside"/* "$BIN/$1"; echo "$at" >"$BIN/.$1"; STATE=installed
  else last_words; fi
  local rc=$?; rm -rf "$aside"; return $rc
}

go_build() { # PROGRAM [LDFLAGS]: a main of our own under src/, its dependencies pinned by go.mod and go.sum
  local sum; sum=$(cat "$KIT/src/$1"/* | sha256sum | cut -c1-16)
  if stamped "$1" "$sum"; then STATE=present; return 0; fi
  need_go || return 1
  if (cd "$KIT/src/$1" && CGO_ENABLED=0 GOFLAGS="${GOFLAGS:-} -mod=readonly" go build -trimpath -ldflags="-s -w ${2:-}" -o "$BIN/$1" .) >"$LOG" 2>&1; then
    echo "$sum" >"$BIN/.$1"; STATE=installed
  else last_words; fi
}

install_kube_apiserver() { # -X: the version that the server reports
  local version="-X k8s.io/component-base/version.gitVersion=$K8S -X k8s.io/component-base/version.gitMajor=1 -X k8s.io/component-base/version.gitMinor=36"
  go_build kube-apiserver "$version -X k8s.io/client-go/pkg/version.gitVersion=$K8S"
}

apt_install() { # PROGRAM PACKAGE: any installed version will do, so that the distribution's own is used
  local sudo=''
  if have "$1"; then STATE=present; return 0; fi
  have apt-get || { WHY="no apt-get; install $2 by hand"; return 1; }
  if [ "$(id -u)" != 0 ]; then sudo='sudo -n'; $sudo true 2>/dev/null || { WHY="needs root for apt-get install $2"; return 1; }; fi
  local policy=/usr/sbin/policy-rc.d ours=''                # keeps the package from starting its service
  if [ ! -e $policy ]; then printf '#!/bin/sh\nexit 101\n' | $sudo tee $policy >/dev/null; $sudo chmod +x $policy; ours=1; fi
  { $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2" ||
    { $sudo apt-get update && $sudo env DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends "$2"; }; } >"$LOG" 2>&1
  local rc=$?
  [ -z "$ours" ] || $sudo rm -f $policy
  if [ $rc = 0 ]; then STATE=installed; else last_words; fi
}

install_moto() { # a Python of its own, so that nothing of the system's changes
  if have moto_server; then STATE=present; return 0; fi
  have python3 || { WHY='needs Python 3 with venv'; return 1; }
  if { [ -x "$LIB/moto/bin/moto_server" ] || { python3 -m venv "$LIB/moto" && "$LIB/moto/bin/pip" install -q "moto[server]==$MOTO"; }; } >"$LOG" 2>&1 &&
    ln -sf "$LIB/moto/bin/moto_server" "$BIN/moto_server"; then STATE=installed
  else last_words; rm -rf "$LIB/moto"; return 1; fi
}

install_mongo_java() { # an imitation of MongoDB (src/mongo-java), for want of a mongod in any package manager
  local to=$LIB/mongo-java sum; sum=$(cat "$KIT/src/mongo-java"/* | sha256sum | cut -c1-16)
  if [ "$(cat "$to/.version" 2>/dev/null)" = "$sum" ]; then STATE=present
  else
    have javac && have mvn || { WHY='needs a JDK (17 or newer) and Maven'; return 1; }
    rm -rf "$to"; mkdir -p "$to"
    if mvn -q -B -f "$KIT/src/mongo-java/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies -DoutputDirectory="$to" >"$LOG" 2>&1 &&
      javac -cp "$to/*" -d "$to" "$KIT/src/mongo-java/Main.java" >>"$LOG" 2>&1; then
      echo "$sum" >"$to/.version"; STATE=installed
    else last_words; return 1; fi
  fi
  launcher mongo-java java -cp "$to:$to/*" Main
}

install_firestore() { # Google's emulator is a part of the gcloud SDK, which is not ours to install
  local root jar
  have java || { WHY='needs Java'; return 1; }
  for root in /usr/lib/google-cloud-sdk /usr/share/google-cloud-sdk "$HOME/google-cloud-sdk"; do
    jar=$root/platform/cloud-firestore-emulator/cloud-firestore-emulator.jar
    [ -f "$jar" ] || continue
    launcher firestore-emulator java -Duser.language=en -cp "$jar" com.google.cloud.datastore.emulator.firestore.CloudFirestore
    STATE=present; return 0
  done
  WHY="gcloud's cloud-firestore-emulator component is absent"; return 1
}

install_pubsub() { # the same for Pub/Sub
  local root jar
  have java || { WHY='needs Java'; return 1; }
  for root in /usr/lib/google-cloud-sdk /usr/share/google-cloud-sdk "$HOME/google-cloud-sdk"; do
    for jar in "$root"/platform/pubsub-emulator/lib/cloud-pubsub-emulator-*-all.jar; do
      [ -f "$jar" ] || continue
      launcher pubsub-emulator java -jar "$jar"
      STATE=present; return 0
    done
  done
  WHY="gcloud's pubsub-emulator component is absent"; return 1
}

install_kafka() { # Apache Kafka's own jars; its broker needs no ZooKeeper
  local to=$LIB/kafka sum; sum=$(sha256sum <"$KIT/src/kafka/pom.xml" | cut -c1-16)
  if [ "$(cat "$to/.version" 2>/dev/null)" = "$sum" ]; then STATE=present
  else
    have java && have mvn || { WHY='needs Java 17 or newer and Maven'; return 1; }
    rm -rf "$to"; mkdir -p "$to"
    if mvn -q -B -f "$KIT/src/kafka/pom.xml" org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies -DoutputDirectory="$to" >"$LOG" 2>&1
    then echo "$sum" >"$to/.version"; STATE=installed
    else last_words; return 1; fi
  fi
  launcher kafka-java java -Xmx256m -cp "$to/*"
}

install_postgresql() { # Debian keeps the server's programs of every version in a folder of their own, off the PATH
  local at program
  if have postgres && have initdb && have pg_dump && have psql; then STATE=present; return 0; fi
  for at in /usr/lib/postgresql/1[5-9]/bin /usr/lib/postgresql/[2-9]?/bin; do [ -x "$at/postgres" ] && break; done
  if [ -x "$at/postgres" ]; then STATE=present; else
    apt_install postgres postgresql || return 1
    for at in /usr/lib/postgresql/1[5-9]/bin /usr/lib/postgresql/[2-9]?/bin; do [ -x "$at/postgres" ] && break; done
    [ -x "$at/postgres" ] || { WHY='the distribution has no PostgreSQL 15 or newer'; return 1; }
  fi
  for program in postgres initdb pg_dump psql; do launcher "$program" "$at/$program"; done
}

launcher() { # NAME CMD...: a program of that name, which start.sh and the tests look for
  local name=$1; shift
  { echo '#!/bin/sh'; printf 'exec'; printf " '%s'" "$@"; echo ' "$@"'; } >"$BIN/$name"; chmod +x "$BIN/$name"
}

install_item() {
  case $1 in
    fake-gcs) go_install fake-gcs-server ;;
    moto) install_moto ;;
    mongo-java) install_mongo_java ;;
    firestore) install_firestore ;;
    pubsub) install_pubsub ;;
    kafka) install_kafka ;;
    cue-oci | etcd) go_build "$1" ;;
    kube-apiserver) install_kube_apiserver ;;
    postgresql) install_postgresql ;;
    docker-registry) apt_install docker-registry docker-registry ;;
    htpasswd) apt_install htpasswd apache2-utils ;;
    redis) apt_install redis-server redis-server ;;
    strace | zsh | fish | chromium | faketime | pgbouncer) apt_install "$1" "$1" ;;
    script) apt_install script bsdutils ;;
    *) if [ -n "${GO[$1]:-}" ]; then go_install "$1"; else WHY="unknown name; known: $ALL"; return 1; fi ;;
  esac
}

mkdir -p "$BIN" "$LIB" "$VAR"
exec 8>"$PROV_SERVERS/.install.lock"; flock 8
[ $# -gt 0 ] || set -- $ALL
missing=0 done=' '
for item in $(for name in "$@"; do needs "$name"; done); do
  [[ $done != *" $item "* ]] || continue
  done+="$item "
  LOG=$VAR/install.$item.log STATE='' WHY='' began=$SECONDS
  if install_item "$item"; then
    if [ "$STATE" = present ]; then echo "$item: present"; else echo "$item: installed in $((SECONDS - began)) s"; fi
  else
    echo "$item: not available: ${WHY:-see $LOG}"; missing=1
  fi
done
exit $missing
