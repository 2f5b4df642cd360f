#pragma once
#include <curl/curl.h>

/* A handle for calls one after the other on a connection that is kept, the same for every program of the bench. Caller owns; url and headers
 * must outlive it. receive gets slot, which is also the handle's CURLINFO_PRIVATE. */
static inline CURL *easy_new(const char *url, struct curl_slist *headers, curl_write_callback receive, void *slot)
{
	CURL *easy = curl_easy_init();
	curl_easy_setopt(easy, CURLOPT_URL, url);
	curl_easy_setopt(easy, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	curl_easy_setopt(easy, CURLOPT_WRITEDATA, slot);
	curl_easy_setopt(easy, CURLOPT_PRIVATE, slot);
	curl_easy_setopt(easy, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(easy, CURLOPT_NOPROXY, "*");
	curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
	return easy;
}
