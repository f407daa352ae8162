package serverxml

import (
	"slices"
	"testing"
)

// The interceptors that change messages are taken in their order, each with what
// it goes by; those that change none are left out.
func TestSettingsHaveTheStack(t *testing.T) {
	const xml = `<Server><Service><Engine name="e"><Cluster className="org.apache.catalina.ha.tcp.SimpleTcpCluster"><Channel className="org.apache.catalina.tribes.group.GroupChannel">
<Interceptor className="org.apache.catalina.tribes.group.interceptors.GzipInterceptor" compressionMinSize="100"/>
<Interceptor className="org.apache.catalina.tribes.group.interceptors.OrderInterceptor" optionFlag="512"/>
<Interceptor className="org.apache.catalina.tribes.group.interceptors.FragmentationInterceptor" maxSize="5000"/>
<Interceptor className="org.apache.catalina.tribes.group.interceptors.TcpFailureDetector"/>
<Interceptor className="org.apache.catalina.tribes.group.interceptors.MessageDispatchInterceptor"/>
<Interceptor className="org.apache.catalina.tribes.group.interceptors.DomainFilterInterceptor" domain="{1,2}"/>
</Channel></Cluster></Engine></Service></Server>`
	f, err := Read(source(xml), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, err := f.Settings()
	if err != nil {
		t.Fatal(err)
	}
	want := []Interceptor{
		{Class: "GzipInterceptor", Size: 100},
		{Class: "OrderInterceptor", Flag: 512},
		{Class: "FragmentationInterceptor", Size: 5000},
		{Class: "DomainFilterInterceptor", Domain: []byte{1, 2}},
	}
	if !slices.EqualFunc(s.Interceptors, want, func(a, b Interceptor) bool {
		return a.Class == b.Class && a.Flag == b.Flag && a.Size == b.Size && string(a.Domain) == string(b.Domain)
	}) {
		t.Errorf("%+v", s.Interceptors)
	}
}
