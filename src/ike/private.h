// SPDX-License-Identifier: Apache-2.0
// What the files of src/ike share: the IKE SA, its children, and the turn that one message takes.
#ifndef IKE_PRIVATE_H
#define IKE_PRIVATE_H

#include "base/hash.h"
#include "crypto/prf.h"
#include "ike/heap.h"
#include "ike/ike.h"

#define CHILD_PAYLOADS (P(SA) | P(TSI) | P(TSR))

enum ike_state {
	IKE_FRESH,     // responder, before anything
	IKE_INIT_SENT, // initiator
	IKE_HALF,      // responder: has answered IKE_SA_INIT
	IKE_AUTH_SENT, // initiator
	IKE_UP,
	IKE_REPLACED, // a rekey took its place: waits to be deleted, by us or the peer
	IKE_CLOSING,  // our delete is under way
	IKE_DEAD,
	IKE_STATES
};

enum ike_task_kind {
	TASK_NONE,
	TASK_START,
	TASK_DELETE,
	TASK_MOVE,
	TASK_CHILD_DELETE,
	TASK_CHILD_REKEY,
	TASK_REKEY,
	TASK_CHILD_NEW,
	TASK_CHECK, // the peer's life
	TASK_TOKEN, // the same, and our token for an SA that our rekey made
	TASK_PROBE, // the same, at another address
	TASK_KINDS
};

struct ike_nonce {
	uint16_t n;
	uint8_t at[IKE_NONCE_MAX];
};

// The lower of the two nonces of an exchange, for collisions (RFC 7296 2.8.1); its beginning decides.
struct ike_low {
	uint8_t n, at[64];
};

struct ike_child {
	struct ike_child *next, *next_in; // of its IKE SA, and in its bucket
	struct ike_sa *sa;
	uint32_t in, out;
	struct ike_suite suite;
	bool transport;
	struct ike_ts_list here, there;
	int64_t soft, hard, retry;
	bool want_rekey, want_delete, deleting;
	uint32_t theirs; // made by the peer's rekey of this one while ours is under way
	struct ike_low theirs_low;
};

// Whole messages one behind another: each says its own length.
struct ike_messages {
	uint8_t *at;
	size_t n;
};

struct ike_task {
	enum ike_task_kind kind;
	uint8_t exchange;
	struct ike_messages request;
	unsigned tries;
	int64_t again;
	uint32_t child;   // the inbound SPI of the pair concerned
	uint32_t spi;     // the inbound SPI of the pair being made
	uint64_t ike_spi; // of the IKE SA being made
	struct dh *dh;
	struct ike_nonce nonce;
	uint8_t echo[16]; // COOKIE2
	bool lost;        // the peer deleted the old one for the sake of its own rekey: ours is the one that goes
	bool moved;       // it asks with the group that INVALID_KE_PAYLOAD named
};

// What is needed until the peer is authenticated.
struct ike_start {
	struct ike_nonce ni, nr;
	struct dh *dh;
	const struct dh_group *group;
	struct ike_messages init_i, init_r;
	uint8_t cookie[IKE_COOKIE_MAX];
	uint8_t cookie_n, rounds;
	uint64_t tag; // of the request, to know it again
	bool peer_natt, peer_ppk;
	unsigned peer_hashes; // that it takes in signatures (SIGN_HASH)
	enum st refused;      // what an unprotected answer said
	uint32_t spi;         // of the first pair
};

struct ike_parts {
	uint32_t id;
	uint16_t total, have;
	uint8_t first;
	size_t bytes;
	struct {
		uint8_t *at;
		size_t n;
	} part[IKE_FRAGMENTS_MAX];
};

struct ike_sa {
	struct ike_timer timer;               // first: the heap gives it back
	struct ike_sa *next_spi, *next_start; // in their buckets
	struct ike_sa *next_of_site;
	enum ike_state state;
	bool initiator;
	bool caller; // the first of its line was begun by us: MOBIKE's initiator (RFC 4555 2), whoever rekeyed it since
	uint32_t site;
	uint64_t spi_i, spi_r;
	struct ike_path path;
	bool nat_here, nat_there, fragments, mobike, peer_childless, counted_half, counted_up;
	uint16_t half_at;       // where it is counted as half-open: its address may change before it is not
	uint8_t seen_there[20]; // what the peer last saw as our address: its NAT_DETECTION_DESTINATION_IP
	bool has_seen;
	struct ike_suite suite;
	uint8_t d[DIGEST_MAX], pi[DIGEST_MAX], pr[DIGEST_MAX];
	struct aead_key *seal, *open;
	uint64_t iv;
	uint32_t send_id, take_id;
	struct ike_messages answer;
	struct ike_parts *parts[2]; // of a request, of an answer: each direction has message IDs of its own
	struct ike_task task;
	struct ike_start *start;
	struct ike_child *children;
	unsigned want; // bits by enum ike_task_kind
	int64_t born, heard, soft, hard, retry, dpd;
	uint32_t rekeys;
	struct ike_sa *theirs; // made by the peer's rekey while ours is under way
	struct ike_low theirs_low;
	uint8_t token[32]; // the peer's, RFC 6290
	uint8_t token_n;
	uint8_t address[4];
	struct ike_path probe; // where TASK_PROBE asks as well
	enum st why;           // it ends
};

struct ike_site_state {
	struct ike_timer timer; // first, as above: when to start; INT64_MAX: not
	struct ike_site c;
	uint8_t *copy;
	struct ike_sa *sas;
	uint32_t next; // of its bucket, or of the free ones; IKE_NO_SITE: none
	bool used;
	unsigned up;
	unsigned failures;
};

struct ike_trust {
	struct trust *trust;
	uint32_t sites;
};

struct ike_cookies {
	uint8_t secret[2][32];
	uint8_t version; // of secret[0]
	bool drawn;
	int64_t since;
};

enum { IKE_BUCKETS = 4096, IKE_ADDRESS_BUCKETS = 1024, IKE_SEALED_MAX = IKE_CHAIN_MAX + IKE_FRAGMENTS_MAX * 96 };

struct ike {
	struct ike_config c;
	struct hash_key hash;
	struct ike_sa **by_spi, **by_start;
	struct ike_child **by_in;
	struct ike_heap due;     // of SAs
	struct ike_heap waiting; // of sites
	struct ike_site_state *sites;
	uint32_t n_sites, room_sites, free_site, n_ppk;
	uint32_t by_remote[IKE_BUCKETS];
	struct ike_cookies cookies;
	struct ike_counters counters;
	uint8_t nobody[32];           // the shared key of whom we do not know
	uint32_t by_aead[AEAD_COUNT]; // sites that take it for IKE
	struct ike_trust *trusts;     // those of the sites, each once
	size_t n_trusts;
	int64_t hints_since, failed_since;
	unsigned hints, failed;
	uint8_t hints_at[IKE_ADDRESS_BUCKETS]; // of this second
	uint16_t half_by_address
	        [IKE_ADDRESS_BUCKETS]; // half-open SAs; addresses that fall together are counted together
	// What came in, decrypted; a request being written; an answer being written; what goes out.
	uint8_t scratch[IKE_MESSAGE_MAX + 64], chain[IKE_CHAIN_MAX], reply[IKE_CHAIN_MAX], sealed[IKE_SEALED_MAX];
};

// One message, or one tick, and everything that handling it needs.
struct ike_turn {
	struct ike *ike;
	struct ike_sa *sa;
	const struct ike_message *m;
	int64_t now;
	const struct ike_path *path;
	struct ike_out *out;
	struct ike_writer reply;
	uint16_t error; // a notification that refuses; 0: silence
	uint8_t error_data[4];
	uint8_t error_n;
	uint32_t error_spi;   // of ESP, which it is about; 0: none
	struct ike_task done; // what an answer is the answer to
	bool proven;          // the address answered a cookie
	bool end;             // a handler that succeeded wants the SA gone once it has answered
	bool replaced;        // the same: another SA has taken its place
};

// table.c: what each state takes.
struct ike_edge {
	enum ike_state from;
	uint8_t exchange;
	bool reply;
	uint32_t need, may; // sets of payloads; encrypted ones but in IKE_SA_INIT
	enum st (*act)(struct ike_turn *t);
	enum ike_state to;        // when it succeeded
	enum ike_state otherwise; // when it failed with an error to tell, or with one that ends the SA
};
const struct ike_edge *ike_edge_at(size_t i); // NULL behind the last
enum st ike_edge_find(enum ike_state from, const struct ike_message *m, const struct ike_edge **out);

// The handlers, by file.
enum st ike_answer_init(struct ike_turn *t); // start.c
enum st ike_take_init(struct ike_turn *t);
enum st ike_take_init_notify(struct ike_turn *t);
enum st ike_answer_auth(struct ike_turn *t); // auth.c
enum st ike_take_auth(struct ike_turn *t);
enum st ike_take_auth_refusal(struct ike_turn *t);
enum st ike_answer_child(struct ike_turn *t); // child.c
enum st ike_take_child(struct ike_turn *t);
enum st ike_take_refusal(struct ike_turn *t);
enum st ike_answer_rekey(struct ike_turn *t); // rekey.c
enum st ike_take_rekey(struct ike_turn *t);
enum st ike_answer_later(struct ike_turn *t);
enum st ike_answer_info(struct ike_turn *t); // info.c
enum st ike_take_info(struct ike_turn *t);

// sa.c: the table of SAs and their ends.
// `spi`: ours; 0: drawn.
struct ike_sa *ike_sa_new(struct ike *ike, bool initiator, uint32_t site, int64_t now, uint64_t spi);
bool ike_spi_draw(struct ike *ike, uint64_t *spi);
struct ike_sa *ike_sa_find(const struct ike *ike, uint64_t spi_here);
void ike_sa_index(struct ike *ike, struct ike_sa *sa);
void ike_sa_index_start(struct ike *ike, struct ike_sa *sa);
struct ike_sa *ike_sa_started(const struct ike *ike, uint64_t tag);
void ike_sa_end(struct ike_turn *t); // tells the effects, frees; t->sa is NULL then
void ike_sa_schedule(struct ike *ike, struct ike_sa *sa);
void ike_sa_put_off(struct ike *ike, struct ike_sa *sa, int64_t until);
void ike_sa_up(struct ike_turn *t, bool again); // again: a rekeyed one
void ike_count_half(struct ike *ike, struct ike_sa *sa, bool half);
size_t ike_address_bucket(const struct ike *ike, const struct addr *a);
unsigned ike_half_at(const struct ike *ike, const struct addr *a);
uint64_t ike_spi_here(const struct ike_sa *sa);
void ike_start_free(struct ike_start *s);
void ike_task_done(struct ike_sa *sa);
enum st ike_site_start(struct ike_turn *t, uint32_t site);
int64_t ike_retry_at(const struct ike_turn *t);    // not the moment at which the peer tries again, too
int64_t ike_jitter(struct ike *ike, int64_t life); // nine tenths, less up to a tenth more

// site.c: the table of sites.
// A place that ike_site_enter takes once its configuration stands there. NULL: no memory.
struct ike_site_state *ike_site_free(struct ike *ike, uint32_t *id);
bool ike_site_enter(struct ike *ike, uint32_t id);
void ike_site_leave(struct ike *ike, uint32_t id); // wipes
bool ike_same_identity(const struct ike_identity *a, const struct ike_identity *b);
// What may be chosen before the site is known.
struct ike_offer ike_offer_of_all(const struct ike *ike);
// The site that a peer says to be; its wish for our identity chooses among several. IKE_NO_SITE: none.
uint32_t ike_site_find(struct ike *ike, const struct ike_suite *suite, const struct ike_identity *peer,
                       const struct ike_identity *wish);
struct ike_site_state *ike_site_of(struct ike *ike, const struct ike_sa *sa); // NULL: none
void ike_site_join(struct ike *ike, struct ike_sa *sa, uint32_t site);
void ike_site_part(struct ike *ike, struct ike_sa *sa);

// out.c
void ike_tell(struct ike_turn *t, struct ike_effect e);
void ike_send(struct ike_turn *t, const struct ike_path *path, struct span messages);
bool ike_keep(struct ike_messages *m, struct span bytes);

// keys.c
enum st ike_derive(struct ike *ike, struct ike_sa *sa, struct span old_d, struct span shared,
                   const struct ike_nonce *ni, const struct ike_nonce *nr);
enum st ike_mix_ppk(struct ike_sa *sa, struct span ppk);
void ike_mix_nothing(const struct ike_sa *sa, struct span ppk); // the same work, and no change
enum st ike_child_keys(const struct ike_sa *sa, const struct aead_alg *aead, struct span shared,
                       const struct ike_nonce *ni, const struct ike_nonce *nr, uint8_t *first, uint8_t *second);
struct ike_low ike_lower(const struct ike_nonce *a, const struct ike_nonce *b);
bool ike_low_less(const struct ike_low *a, const struct ike_low *b);

// seal.c
enum st ike_seal(struct ike *ike, struct ike_sa *sa, uint8_t exchange, bool reply, uint32_t id, struct span chain,
                 uint8_t first, struct ike_messages *out);
// ST_IKE_FRAGMENT: kept. *chain lies in ike->scratch.
enum st ike_unseal(struct ike *ike, struct ike_sa *sa, struct ike_message *m, struct span *chain);
// The message is the peer's, whatever else it is.
bool ike_authentic(struct ike *ike, struct ike_sa *sa, const struct ike_message *m);
void ike_parts_free(struct ike_parts *p);

// engine.c
void ike_request(struct ike_turn *t, enum ike_task_kind kind, uint8_t exchange, struct ike_writer *w);
struct ike_writer ike_chain(struct ike *ike);
void ike_next(struct ike_turn *t);
enum st ike_refuse(struct ike_turn *t, enum st st, enum ike_notify_type error);
struct ike_turn ike_turn_of(struct ike *ike, struct ike_sa *sa, int64_t now, struct ike_out *out);

void ike_follow(struct ike_turn *t, const struct ike_path *path);
void ike_task_free(struct ike_task *task);

// start.c
enum st ike_start_send(struct ike_turn *t);

// cookie.c
void ike_cookie_make(struct ike *ike, int64_t now, const struct ike_message *m, const struct ike_path *path,
                     uint8_t *out);
bool ike_cookie_good(struct ike *ike, int64_t now, const struct ike_message *m, const struct ike_path *path);
enum { IKE_COOKIE_SIZE = 33 };
void ike_token(const struct ike *ike, uint64_t spi_i, uint64_t spi_r, uint8_t out[32]);
bool ike_has_tokens(const struct ike *ike);
void ike_put_token(const struct ike *ike, struct ike_writer *w, const struct ike_sa *sa); // nothing without tokens
void ike_take_token(struct ike_sa *sa, const struct ike_message *m);

// nat.c
void ike_put_nat(struct ike_writer *w, uint64_t spi_i, uint64_t spi_r, const struct ike_path *path);
// What the two notifications say about this path; false: they are not there.
bool ike_see_nat(struct ike_sa *sa, const struct ike_message *m, const struct ike_path *path);

// auth.c
enum st ike_auth_send(struct ike_turn *t);

// proof.c: AUTH, and the payloads that go with it.
struct ike_own_proof {
	uint8_t method, at[SIGN_MAX];
	size_t n;
};
size_t ike_id_body(const struct ike_identity *id, uint8_t out[static 4 + IKE_ID_MAX]);
enum st ike_prove(struct ike_turn *t, bool initiator, struct span id, const struct ike_site *site,
                  struct ike_own_proof *out);
enum st ike_check_proof(struct ike_turn *t, bool initiator, struct span id, const struct ike_site *site,
                        const struct ike_proof *given);
void ike_put_credential(struct ike_writer *w, const struct credential *c); // NULL: nothing
void ike_put_authorities(struct ike_writer *w, const struct ike_trust *trusts, size_t n);
void ike_put_hashes(struct ike_writer *w);
unsigned ike_read_hashes(const struct ike_message *m);
// The trusts of all sites, for those who are not known yet. false: no memory.
bool ike_trust_enter(struct ike *ike, struct trust *t);
void ike_trust_leave(struct ike *ike, const struct trust *t);

// child.c
struct ike_child_plan {
	struct ike_suite suite;
	struct ike_ts_list here, there;
	bool transport, tfc;
	bool quiet; // nothing is sent on it: it lost against the peer's
};
// As responder; `first`: in IKE_AUTH.
enum st ike_child_plan_of(struct ike_turn *t, bool first, uint16_t ke, struct ike_child_plan *p);
enum st ike_child_accept(struct ike_turn *t, bool first, struct ike_child_plan *p);
struct ike_child *ike_child_up(struct ike_turn *t, const struct ike_child_plan *p, uint32_t in, bool asked,
                               struct span shared, const struct ike_nonce *ni, const struct ike_nonce *nr,
                               uint32_t replaces);
void ike_put_child_answer(struct ike_turn *t, const struct ike_child_plan *p, uint32_t in);
void ike_put_child_offer(struct ike_turn *t, struct ike_writer *w, uint32_t in, const struct ike_child *old,
                         const struct ike_offer *offer);
void ike_child_down(struct ike_turn *t, struct ike_child *c, enum st why);
// By our inbound SPI, of any SA; by the peer's, of this one.
struct ike_child *ike_child_find(const struct ike *ike, uint32_t in);
struct ike_child *ike_child_find_out(const struct ike_sa *sa, uint32_t out);
uint32_t ike_spi_take(struct ike *ike, uint32_t site);
void ike_spi_give(struct ike_turn *t, uint32_t spi);
enum st ike_refuse_group(struct ike_turn *t, const struct dh_group *wanted);
enum st ike_nonce_draw(struct ike *ike, struct ike_nonce *n);
enum st ike_nonce_take(const struct ike_message *m, struct ike_nonce *n);
void ike_child_request(struct ike_turn *t, struct ike_child *old, const struct dh_group *group);
struct ike_offer ike_esp_offer(const struct ike_site *s);

// All pairs of `from` belong to `to` from now on.
void ike_children_move(struct ike_sa *from, struct ike_sa *to);

// rekey.c
enum st ike_rekey_refused(struct ike_turn *t, const struct dh_group *group);
bool ike_rekey_lost(struct ike_turn *t);
void ike_rekey_claim(struct ike_turn *t);
void ike_rekey_request(struct ike_turn *t, const struct dh_group *group);

// info.c
void ike_info_request(struct ike_turn *t, enum ike_task_kind kind, uint32_t child);

#endif
