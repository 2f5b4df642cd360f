// The client of the source's documentation (section 10), as it stands there: it knows nothing but the path and the status document.
class AiMessagePoller {
    constructor(messageId, options = {}) {
        this.messageId = messageId;
        this.interval = options.interval || 1000;  // 1 seconde
        this.maxAttempts = options.maxAttempts || 300;  // 5 minutes
        this.onUpdate = options.onUpdate || (() => {});
        this.onComplete = options.onComplete || (() => {});
        this.onError = options.onError || (() => {});
        this.attempts = 0;
        this.timer = null;
    }

    start() {
        this.poll();
    }

    stop() {
        if (this.timer) {
            clearTimeout(this.timer);
            this.timer = null;
        }
    }

    async poll() {
        try {
            const response = await fetch(`/api/messages/${this.messageId}/status`);
            const data = await response.json();

            this.onUpdate(data);

            if (data.status === 'completed') {
                this.onComplete(data);
                return;
            }

            if (data.status === 'failed') {
                this.onError(data);
                return;
            }

            // Continue polling
            this.attempts++;
            if (this.attempts < this.maxAttempts) {
                this.timer = setTimeout(() => this.poll(), this.interval);
            } else {
                this.onError({ error: 'Timeout: message processing took too long' });
            }

        } catch (error) {
            this.onError({ error: error.message });
        }
    }
}

export { AiMessagePoller };
