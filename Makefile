# Everything is one command. `make` alone lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
.PHONY: help setup check test demo up chat bench bench-retrieval bench-knowledge bench-privacy bench-guards \
        bench-gateway bench-first-words load soak profile guard-suite prove-refunds prove-turns prove-input \
        prove-streams prove-guards redteam chaos deploy-check contracts gateway-install widget plugin k8s-check \
        alerts-check dashboards images-check eval vectors intents

VENV := .venv/bin
STAMP := .venv/.setup-done
PROJECTS := uv.lock pyproject.toml contracts/pyproject.toml $(wildcard services/*/pyproject.toml) \
            tests-e2e/scripted_llm/pyproject.toml

# Where Python may not write what it compiled beside its sources, it does so below var: else each of the dozen processes
# of a stack would compile everything anew.
ifneq ($(PYTHONDONTWRITEBYTECODE),)
export PYTHONDONTWRITEBYTECODE :=
export PYTHONPYCACHEPREFIX := $(CURDIR)/var/pycache
endif

help: ## This list
	@if [ -t 1 ] && [ -z "$$NO_COLOR" ]; then bold=$$'\033[1m' blue=$$'\033[36m' off=$$'\033[0m'; fi; \
	printf '\n  %sAIGuy Support Agent%s\n\n' "$$bold" "$$off"; \
	sed -nE 's/^([a-z0-9-]+):.*## (.*)/\1\t\2/p' $(MAKEFILE_LIST) | while IFS=$$'\t' read -r name text; do \
	  printf '  %smake %-16s%s %s\n' "$$blue" "$$name" "$$off" "$$text"; done; \
	printf '\n  First time? %smake demo%s installs, starts everything and talks to it.' "$$blue" "$$off"; \
	printf ' No Docker, no API key.\n\n'

setup: $(STAMP) ## Install into .venv what is not there yet (quick when nothing changed)
	@:

$(STAMP): $(PROJECTS) .ci/setup
	@.ci/setup
	@touch $@

check: setup ## Lint, format, types, import direction, generated contracts
	@.ci/check

# Three workers, for two processors and up: while one waits for a time-out or a process, another works. Each has a
# Postgres and a Valkey of its own, and two of them a whole stack. They take the files in the order that conftest.py says.
WORKERS := 3

test: setup ## All tests: unit, property, service, end to end
	@.ci/packages
	@if AIGUY_TEST_REQUIRE_SERVERS=1 $(VENV)/pytest -n $(WORKERS) --dist loadgroup \
	  --no-loadscope-reorder $(ARGS); then echo 'VERDICT: all tests passed'; \
	  else echo 'VERDICT: TESTS FAILED (see above)'; exit 1; fi

alerts-check: setup ## Try the alerts: each fires when it should, and is silent when it should
	@.ci/packages alerts
	@AIGUY_TEST_REQUIRE_SERVERS=1 $(VENV)/pytest -q tests-e2e/observability/test_rules.py tests-e2e/observability/test_names.py

dashboards: setup ## Write the Grafana dashboards, and the rules for the Prometheus operator, anew from their sources
	@exec $(VENV)/python k8s/observability/build.py

demo: setup ## Start the stack, hold the demo conversations, print a verdict, stop; LLM=local with a model on this machine
	@exec $(VENV)/aiguy demo $(if $(LLM),--llm $(LLM))

up: setup ## Start the stack and leave it running, with a chat page; Ctrl-C stops all; LLM=local as with demo
	@exec $(VENV)/aiguy up $(if $(LLM),--llm $(LLM))

chat: setup ## Talk to the running stack from the terminal
	@exec $(VENV)/aiguy chat

bench: setup ## Measure what the engine adds to a turn, beside other agent loops
	@.ci/setup --group bench
	@exec $(VENV)/python tests-e2e/bench/run.py

bench-retrieval: setup ## Measure search, ingest and memory; SIZES="1000 10000 50000" chooses the chunks
	@exec $(VENV)/python tests-e2e/bench/search_speed.py $(if $(SIZES),--sizes $(SIZES))

bench-knowledge: setup ## Measure how well search finds pages and knows what it cannot answer
	@exec $(VENV)/python tests-e2e/bench/knowledge/run.py $(ARGS)

bench-privacy: setup ## Measure how well and how fast personal data is found in text
	@exec $(VENV)/python tests-e2e/bench/privacy.py $(ARGS)

bench-guards: setup ## Measure what all guards together add to one turn
	@exec $(VENV)/python tests-e2e/bench/guards.py $(ARGS)

bench-gateway: setup ## Measure what the front door costs; send thousands of customers' messages through its WAF
	@exec $(VENV)/python loadtests/gateway.py $(ARGS)

load: setup ## Three minutes of customers through the front door, judged by targets; FIND=1, OVERLOAD=1, SCALE=1, SCENARIO=flash
	@exec $(VENV)/python loadtests/load.py $(if $(SCENARIO),--scenario $(SCENARIO)) $(if $(FIND),--find) \
	  $(if $(OVERLOAD),--overload) $(if $(SCALE),--scale) $(ARGS)

soak: setup ## The same for twenty minutes
	@exec $(VENV)/python loadtests/load.py --seconds 1200 $(ARGS)

profile: setup ## Where the processor time of one orchestrator goes under load
	@exec $(VENV)/python loadtests/load.py --profile --seconds 76 $(ARGS)

bench-first-words: setup ## Measure what a real WordPress, the front door and a browser add to the first words
	@AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_FIRST_WORDS=20 $(VENV)/pytest -q -s -W ignore \
	  tests-e2e/wordpress/test_first_words.py

guard-suite: setup ## 5,000 answers with something planted and 2,000 clean ones, through the guard and the stream
	@AIGUY_TEST_ANSWERS=5000 $(VENV)/pytest -q services/orchestrator/tests/guard/test_output_suite.py

prove-streams: setup ## 5,000 streams, 30 % of them dropped by their customers: what is left open; STREAMS=500
	@AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_DROPPED_STREAMS=$(or $(STREAMS),5000) $(VENV)/pytest -q -W ignore \
	  tests-e2e/test_dropped_streams.py

prove-refunds: setup ## 5,000 refunds while processes die and the provider errs; prints how many were doubled or lost
	@if AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_PROVE=1 AIGUY_PROVE_REFUNDS=$(REFUNDS) $(VENV)/pytest -s tests-e2e/test_refund_chaos.py \
	  services/servicekit/tests/test_idempotency_machine.py services/billing/tests/test_crashes.py \
	  services/billing/tests/test_refunds.py; then echo 'VERDICT: every refund was made once'; \
	  else echo 'VERDICT: REFUNDS WENT WRONG (see above)'; exit 1; fi

prove-turns: setup ## 10,000 turns while every process dies again and again, and 64 tabs in one conversation; prints what was lost
	@if AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_PROVE=1 $(VENV)/pytest -s tests-e2e/test_kill.py \
	  tests-e2e/test_duplicates.py; then echo 'VERDICT: no turn was lost and nothing happened twice'; \
	  else echo 'VERDICT: TURNS WENT WRONG (see above)'; exit 1; fi

prove-input: setup ## At least 5,000 good and bad requests to each service, answered as its OpenAPI document says
	@mkdir -p var; if AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_PROVE=1 $(VENV)/pytest -s services/*/tests/test_fuzz.py \
	  services/orchestrator/tests/api/test_fuzz.py 2>var/prove-input.log; \
	  then echo 'VERDICT: every service keeps to its document'; \
	  else echo 'VERDICT: A SERVICE DOES NOT KEEP TO ITS DOCUMENT (see above)'; exit 1; fi

eval: setup ## How good the agent is: all golden conversations four times, judged by rules; ARGS="--only refund --k 1"
	@exec $(VENV)/python evaluation/run.py $(ARGS)

prove-guards: setup ## Attacks through a Brain that obeys whatever it reads, AgentDojo's among them; prints what went through
	@uv=$$(command -v uv || ls .uv/bin/uv .uv/lib/bin/uv 2>/dev/null | head -1); \
	$$uv pip install -q --no-deps --python $(VENV)/python --target var/agentdojo agentdojo==0.1.35 docstring-parser==0.18.0 \
	  deepdiff==8.6.1 orderly-set==5.5.0 email-validator==2.4.0 dnspython==2.9.2; \
	if AIGUY_PROVE_TRACES=100000 AIGUY_PROVE_ATTACKS=20000 $(VENV)/pytest -s services/orchestrator/tests/obedient \
	  services/orchestrator/tests/turn/test_provenance_traces.py \
	  && $(VENV)/python tests-e2e/bench/dojo.py var/agentdojo bench-results/guards.json; \
	  then echo 'VERDICT: nothing unauthorised happened'; else echo 'VERDICT: SOMETHING WENT THROUGH (see above)'; exit 1; fi

redteam: setup ## Attack the whole stack with a model that obeys every attack; prints what had an effect
	@if AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_REDTEAM=1 $(VENV)/pytest -s -W ignore tests-e2e/redteam; \
	  then echo 'VERDICT: no attack had an effect'; else echo 'VERDICT: ATTACKS HAD EFFECTS (see above)'; exit 1; fi

chaos: setup ## Hurt every tool service, the orchestrator and the model; TURNS=2000 turns whose model fails now and then
	@if AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_PROVE=1 AIGUY_CHAOS_TURNS=$(TURNS) $(VENV)/pytest -s -W ignore $(ARGS) \
	  tests-e2e/chaos; then echo 'VERDICT: nothing was lost, nothing done twice, every turn ended'; \
	  else echo 'VERDICT: CHAOS WON (see above)'; exit 1; fi

k8s-check: setup ## Render every Kubernetes overlay, validate it strictly, and try what it promises
	@if AIGUY_TEST_REQUIRE_SERVERS=1 $(VENV)/pytest -m 'not e2e' $(ARGS) tests-e2e/k8s; \
	  then echo 'VERDICT: every overlay is sound'; else echo 'VERDICT: AN OVERLAY IS WRONG (see above)'; exit 1; fi

deploy-check: setup ## Exchange each service under load, blue and green, old beside new; BEFORE=REVISION from that release
	@.ci/packages gateway
	@if AIGUY_TEST_REQUIRE_SERVERS=1 AIGUY_DEPLOY=all AIGUY_DEPLOY_TURNS=200 AIGUY_DEPLOY_BEFORE=$(BEFORE) \
	  $(VENV)/pytest -s -W ignore $(ARGS) tests-e2e/deploy; \
	  then echo 'VERDICT: no customer noticed'; else echo 'VERDICT: CUSTOMERS NOTICED (see above)'; exit 1; fi

gateway-install: ## As root on Debian: nginx, ModSecurity and its rules, for a front door with a WAF
	@.ci/packages gateway

images-check: setup ## Replay the images' recipe without Docker, start each; check docker-compose.yml
	@AIGUY_TEST_REQUIRE_SERVERS=1 $(VENV)/pytest -q tests-e2e/images tests-e2e/test_compose.py

plugin: setup ## Build the WordPress plugin's zip: var/aiguy-chat.zip
	@exec $(VENV)/python wordpress-plugin/build.py

contracts: setup ## Write schemas, manifest, OpenAPI and clients anew from the contracts
	@$(VENV)/python -m contracts.export

intents: setup ## Learn anew what messages want, after the labelled ones were changed
	@$(VENV)/python tests-e2e/bench/intents/fit.py

vectors: setup ## Write the deep vectors of the starter articles anew, after one was changed
	@$(VENV)/python -m retrieval.ship

widget: setup ## Build the chat widget's one file from its sources
	@.ci/widget build
